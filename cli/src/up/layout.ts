import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `muster up` keeps the files of a mesh, all of them under one directory. */
export const layoutOf = (directory: string) => {
  const path = (...parts: string[]): string => join(directory, ...parts);
  return {
    directory,
    context: path('context.json'),
    processes: path('processes.json'),
    ports: path('ports.json'),
    lock: path('run', 'lock.json'),
    /** Says that the mesh is up: pid and endpoints of the `up` that runs. */
    announcement: path('run', 'up.json'),
    // Also named in `muster token create`.
    signingKey: path('keys', 'signing-key.json'),
    agentKey: path('keys', 'agent-key.json'),
    jwks: path('keys', 'jwks.json'),
    meshSecret: path('keys', 'mesh-secret'),
    nonce: path('keys', 'up-nonce'),
    /** A password, a token or a connection string. */
    secret: (name: string): string => path('secrets', name),
    log: (name: string): string => path('logs', `${name}.log`),
    /** Data of a store, cache of an agent. */
    data: (name: string): string => path('data', name),
    ready: (name: string): string => path('run', `${name}.ready.json`),
  };
};

export type Layout = ReturnType<typeof layoutOf>;

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
