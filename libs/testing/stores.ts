import { join } from 'node:path';
import {
  azurite,
  freePort,
  LaunchError,
  mongod,
  natsServer,
  type StoreProgram,
} from '#libs/embedded/index.ts';
import { tempDir } from './temp-dir.ts';
import { startTestProcess, type TestProcess } from './test-process.ts';

export interface StoreOptions {
  /** The password for clients; the store's `url` carries it. Default: none is needed on this machine. */
  password?: string;
}

/** A store of one test, on a free port; the same port and the same data after a restart. */
export interface TestStore extends TestProcess {
  /** The URL for clients; for Azurite a connection string. */
  readonly url: string;
  readonly port: number;
}

export interface TestMongod extends TestStore {
  /** The URL over another port, a proxy's. It keeps the driver from switching to the address that mongod reports. */
  urlVia(port: number): string;
}

/** A nats-server with JetStream. */
export const startNats = (options: StoreOptions = {}): Promise<TestStore> =>
  startStore((dir, port) => natsServer({ dir, port, path: process.env['PATH'], ...options }));

/** A mongod, as a replica set of one. */
export const startMongod = async (options: StoreOptions = {}): Promise<TestMongod> => {
  const store = await startStore((dir, port) =>
    mongod({ dir, port, path: process.env['PATH'], ...options }),
  );
  const urlVia = (port: number): string => {
    const url = new URL(store.url);
    url.port = String(port);
    url.searchParams.delete('replicaSet');
    url.searchParams.set('directConnection', 'true');
    return url.href;
  };
  return Object.assign(store, { urlVia });
};

const AZURITE_KEY = Buffer.from('a key for tests').toString('base64');

export interface TestAzurite extends TestStore {
  /** The connection string over another port, a proxy's. */
  urlVia(port: number): string;
}

/** An Azurite. `kill('SIGKILL')` loses its last acknowledged writes. */
export const startAzurite = async (): Promise<TestAzurite> => {
  const store = await startStore((dir, port) => azurite({ dir, port, key: AZURITE_KEY }));
  return Object.assign(store, {
    urlVia: (port: number) => store.url.replace(`:${store.port}/`, `:${port}/`),
  });
};

/** Another process may take a free port before the store does. */
const PORT_TRIES = 5;

const startStore = async (
  prepare: (dir: string, port: number) => Promise<StoreProgram>,
): Promise<TestStore> => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const program = await prepare(join(dir.path, String(tries)), port);
    try {
      const store = await startTestProcess(program, process.env, dir);
      opening.move();
      return Object.assign(store, { url: program.url, port });
    } catch (thrown) {
      if (!(thrown instanceof LaunchError) || tries === PORT_TRIES) {
        throw thrown;
      }
    }
  }
};
