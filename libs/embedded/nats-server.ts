import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { busRights, type BusService, busServices } from '#libs/mesh/index.ts';
import { findProgram } from '#libs/programs/index.ts';
import { readyWhen, type SharedStoreProgram } from './launch.ts';

interface NatsServerOptions {
  /** Where its configuration and its messages go; made when it is missing. */
  dir: string;
  port: number;
  /** Passwords of `muster`, who may do everything, and of the services. Default: everybody on this machine may do everything. */
  passwords?: Readonly<Record<'muster' | BusService, string>>;
  /** As in `PATH`. */
  path: string | undefined;
}

const STOP_MS = 10_000;

/**
 * A nats-server on the loopback interface with JetStream. Each acknowledged message is on the disk (`sync_interval:
 * always`), because a power cut would cost the last two minutes with the default.
 */
export const natsServer = async ({
  dir,
  port,
  passwords,
  path,
}: NatsServerOptions): Promise<SharedStoreProgram<BusService>> => {
  const command = await findProgram('nats-server', path);
  await mkdir(join(dir, 'jetstream'), { recursive: true });
  const config = join(dir, 'nats-server.conf');
  const serverName = `muster-${randomUUID()}`;
  // The configuration language writes strings as JSON does.
  const text = [
    `listen: "127.0.0.1:${port}"`,
    `server_name: ${JSON.stringify(serverName)}`,
    `jetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))}, sync_interval: always }`,
    ...(passwords === undefined ? [] : [`authorization: ${JSON.stringify(usersOf(passwords))}`]),
  ];
  await writeFile(config, `${text.join('\n')}\n`, { mode: 0o600 });
  const urlOf = (user: 'muster' | BusService): string => {
    const credentials = passwords && `${user}:${encodeURIComponent(passwords[user])}@`;
    return `nats://${credentials ?? ''}127.0.0.1:${port}`;
  };
  return {
    name: 'nats-server',
    command,
    args: ['--config', config],
    env: {},
    url: urlOf('muster'),
    urlFor: urlOf,
    stopMs: STOP_MS,
    // It greets every connection with its name, which tells ours from another one on the same port.
    ready: readyWhen(async ({ signal }) => (await greeting(port, signal)).includes(serverName)),
  };
};

const usersOf = (passwords: Readonly<Record<'muster' | BusService, string>>) => ({
  users: [
    { user: 'muster', password: passwords.muster },
    ...busServices.map((service) => ({
      user: service,
      password: passwords[service],
      permissions: busRights(service),
    })),
  ],
});

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
