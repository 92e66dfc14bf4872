import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `muster up` keeps the files of a mesh, all of them under one directory. */
export interface Layout {
  directory: string;
  context: string;
  processes: string;
  ports: string;
  lock: string;
  /** Says that the mesh is up: pid and endpoints of the `up` that runs. */
  announcement: string;
  signingKey: string;
  agentKey: string;
  jwks: string;
  meshSecret: string;
  nonce: string;
  /** A password, a token or a connection string. */
  secret(name: string): string;
  log(name: string): string;
  /** Data of a store, cache of an agent. */
  data(name: string): string;
  ready(name: string): string;
}

export const layoutOf = (directory: string): Layout => {
  const path = (...parts: string[]): string => join(directory, ...parts);
  return {
    directory,
    context: path('context.json'),
    processes: path('processes.json'),
    ports: path('ports.json'),
    lock: path('run', 'lock.json'),
    announcement: path('run', 'up.json'),
    // Also named in `muster token create`.
    signingKey: path('keys', 'signing-key.json'),
    agentKey: path('keys', 'agent-key.json'),
    jwks: path('keys', 'jwks.json'),
    meshSecret: path('keys', 'mesh-secret'),
    nonce: path('keys', 'up-nonce'),
    secret: (name) => path('secrets', name),
    log: (name) => path('logs', `${name}.log`),
    data: (name) => path('data', name),
    ready: (name) => path('run', `${name}.ready.json`),
  };
};

/** Makes the directories of a mesh, for their owner only; answers where everything is. */
export const prepareDirectory = async (data: string): Promise<Layout> => {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const layout = layoutOf(await realpath(data));
  for (const name of ['', 'keys', 'secrets', 'logs', 'data', 'run']) {
    const directory = join(layout.directory, name);
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o700);
  }
  return layout;
};
