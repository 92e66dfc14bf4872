import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the range that Linux takes for outgoing connections, because one of those could get it before the server does.
const FIRST = 20_000;
const LAST = 32_000;
const MAX_TRIES = 50;

/** A random port of the loopback interface, none of `except`, on which nobody listens now; somebody may still be faster. */
export const freePort = async (except: ReadonlySet<number> = new Set()): Promise<number> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST);
    if (!except.has(port) && (await isPortFree(port))) {
      return port;
    }
  }
  throw new Error(`${MAX_TRIES} ports between ${FIRST} and ${LAST} are all taken`);
};

/** Whether nobody listens on a port of the loopback interface now. */
export const isPortFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};
