import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { poll } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { findProgram } from '#libs/programs/index.ts';
import type { Started, StoreProgram } from './program.ts';

interface NatsServerOptions {
  /** Where its configuration and its messages go; made when it is missing. */
  dir: string;
  port: number;
  /** Clients log in as `muster` with it. Default: everybody on this machine is let in. */
  password?: string;
  /** As in `PATH`. */
  path: string | undefined;
}

const POLL_MS = 20;
const STOP_MS = 10_000;
const USER = 'muster';

/**
 * A nats-server on the loopback interface with JetStream. Each acknowledged message is on the disk (`sync_interval:
 * always`), because a power cut would cost the last two minutes with the default.
 */
export const natsServer = async ({
  dir,
  port,
  password,
  path,
}: NatsServerOptions): Promise<StoreProgram> => {
  const command = await findProgram('nats-server', path);
  await mkdir(join(dir, 'jetstream'), { recursive: true });
  const config = join(dir, 'nats-server.conf');
  const serverName = `muster-${randomUUID()}`;
  const text = configuration({ dir, port, password, serverName });
  await writeFile(config, text, { mode: 0o600 });
  const credentials = password === undefined ? '' : `${USER}:${password}@`;
  return {
    name: 'nats-server',
    command,
    args: ['--config', config],
    env: {},
    url: `nats://${credentials}127.0.0.1:${port}`,
    stopMs: STOP_MS,
    ready: (started) => answering(port, serverName, started),
  };
};

interface Settings {
  dir: string;
  port: number;
  password: string | undefined;
  serverName: string;
}

// The configuration language writes strings as JSON does.
const configuration = ({ dir, port, password, serverName }: Settings): string =>
  [
    `listen: "127.0.0.1:${port}"`,
    `server_name: ${JSON.stringify(serverName)}`,
    `jetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))}, sync_interval: always }`,
    ...(password === undefined
      ? []
      : [`authorization { user: ${USER}, password: ${JSON.stringify(password)} }`]),
    '',
  ].join('\n');

/** nats-server greets every connection with its name, which tells ours from another one on the same port. */
const answering = async (port: number, serverName: string, { signal }: Started): Promise<void> => {
  const isOurs = async () => (await greeting(port, signal)).includes(serverName);
  await poll(isOurs, { clock: systemClock, everyMs: POLL_MS, signal });
};

const greeting = (port: number, signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', signal });
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.includes('\n')) {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
