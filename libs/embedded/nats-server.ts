import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findProgram } from '#libs/programs/index.ts';
import { readyWhen, type StoreProgram } from './launch.ts';

interface NatsServerOptions {
  /** Where its configuration and its messages go; made when it is missing. */
  dir: string;
  port: number;
  /** Clients log in as `muster` with it. Default: everybody on this machine is let in. */
  password?: string;
  /** As in `PATH`. */
  path: string | undefined;
}

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
  // The configuration language writes strings as JSON does.
  const text = [
    `listen: "127.0.0.1:${port}"`,
    `server_name: ${JSON.stringify(serverName)}`,
    `jetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))}, sync_interval: always }`,
    ...(password === undefined
      ? []
      : [`authorization { user: ${USER}, password: ${JSON.stringify(password)} }`]),
  ];
  await writeFile(config, `${text.join('\n')}\n`, { mode: 0o600 });
  const credentials = password === undefined ? '' : `${USER}:${password}@`;
  return {
    name: 'nats-server',
    command,
    args: ['--config', config],
    env: {},
    url: `nats://${credentials}127.0.0.1:${port}`,
    stopMs: STOP_MS,
    // It greets every connection with its name, which tells ours from another one on the same port.
    ready: readyWhen(async ({ signal }) => (await greeting(port, signal)).includes(serverName)),
  };
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
