import { join } from 'node:path';
import {
  azurite,
  freePort,
  LaunchError,
  mongod,
  natsServer,
  type StoreProgram,
} from '#libs/embedded/index.ts';
import { busServices } from '#libs/mesh/index.ts';
import { mongoServices } from '#libs/mongo/rights.ts';
import { tempDir } from './temp-dir.ts';
import { startTestProcess, type TestProcess } from './test-process.ts';

interface StoreOptions {
  /** The password of everybody, services too; the store's `url` carries it, with the user who may do everything. */
  password?: string;
}

const PASSWORD = 'a password of tests';

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

/** The URL of a mongod or nats-server of a test with the credentials of a service in place of those of everything. */
export const urlAs = (url: string, service: string): string => {
  const own = new URL(url);
  own.username = service;
  return own.href;
};

const sameFor = <User extends string>(users: readonly User[], password: string) =>
  Object.fromEntries([...users, 'muster'].map((user) => [user, password])) as Record<
    User | 'muster',
    string
  >;

/** A nats-server with JetStream, and users with the rights that services have. */
export const startNats = ({ password = PASSWORD }: StoreOptions = {}): Promise<TestStore> => {
  const passwords = sameFor(busServices, password);
  return startStore((dir, port) => natsServer({ dir, port, path: process.env['PATH'], passwords }));
};

/** A mongod, as a replica set of one, and users with the rights that services have: in every database, or in one. */
export const startMongod = async ({ database = '' } = {}): Promise<TestMongod> => {
  const passwords = sameFor(mongoServices, PASSWORD);
  const store = await startStore((dir, port) =>
    mongod({ dir, port, path: process.env['PATH'], passwords, database }),
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
