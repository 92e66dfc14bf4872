import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { z } from 'zod';
import { inputUnreadable, precondition } from '../failures.ts';
import { readIfThere, writePrivateJson } from './files.ts';

/**
 * Below what the system gives to outgoing connections (from 32,768 on), so that nobody takes a port while its process
 * is being restarted; above the port broker's pools (up to 11,116).
 */
const firstPort = 12_000;
const lastPort = 32_000;
const tries = 200;

const portsSchema = z.record(z.string(), z.number().int().min(1).max(65_535));

/** From a process' name to its port on 127.0.0.1. */
export type Ports = Readonly<Record<string, number>>;

/**
 * The ports of the named processes: those chosen before are kept, so that a context stays valid, new ones are free
 * right now.
 *
 * @throws FAILED_PRECONDITION `PORT_TAKEN` when somebody else listens on a port chosen before
 */
export const keepPorts = async (file: string, names: readonly string[]): Promise<Ports> => {
  const known = await readPorts(file);
  const ports: Record<string, number> = { ...known };
  const taken = new Set(Object.values(known));
  for (const name of names) {
    const port = known[name];
    if (port !== undefined) {
      if (!(await isFree(port))) throw portTaken(name, port, file);
      continue;
    }
    const chosen = await chooseFree(taken);
    taken.add(chosen);
    ports[name] = chosen;
  }
  await writePrivateJson(file, ports);
  return ports;
};

export const readPorts = async (file: string): Promise<Ports> => {
  const text = await readIfThere(file);
  if (text === undefined) return {};
  try {
    return portsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw inputUnreadable(file, 'not a list of ports; remove it and new ones are chosen', error);
  }
};

const chooseFree = async (taken: ReadonlySet<number>): Promise<number> => {
  for (let i = 0; i < tries; i += 1) {
    const port = randomInt(firstPort, lastPort);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw precondition('NO_FREE_PORT', `found no free port from ${firstPort} to ${lastPort} on 127.0.0.1`);
};

const isFree = (port: number): Promise<boolean> => {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
};

const portTaken = (name: string, port: number, file: string) =>
  precondition(
    'PORT_TAKEN',
    `port ${port} of ${name} is in use by another program; end that, or remove ${file} to choose new ports`,
    { name, port },
  );
