import { join } from 'node:path';
import {
  azurite,
  freePort,
  launch,
  LaunchError,
  mongod,
  natsServer,
  type Running,
  type StoreProgram,
} from '#libs/embedded/index.ts';
import { tempDir, type TempDir } from './temp-dir.ts';

export interface StoreOptions {
  /** The password for clients; the store's `url` carries it. Default: none is needed on this machine. */
  password?: string;
}

/** A store of one test, on a free port and in a directory of its own. Disposing removes it. */
export interface TestStore extends AsyncDisposable {
  /** The URL for clients (for Azurite a connection string). It stays the same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its output. */
  readonly logFile: string;
  /** Sends a signal. Resolves when the process has ended, or at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  /** Starts it again with the same port and data, after stopping it if it still runs. Resolves when it is ready. */
  restart(): Promise<void>;
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
  const store = await startStore((dir, port) => mongod({ dir, port, path: process.env['PATH'], ...options }));
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
  return Object.assign(store, { urlVia: (port: number) => store.url.replace(`:${store.port}/`, `:${port}/`) });
};

/** Another process may take a free port before the store does. */
const PORT_TRIES = 5;

const startStore = async (prepare: (dir: string, port: number) => Promise<StoreProgram>): Promise<TestStore> => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const logFile = join(dir.path, 'log');
  const start = (program: StoreProgram): Promise<Running> =>
    launch(program, { env: process.env, logFile, deathSignal: 'SIGKILL' });
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const program = await prepare(join(dir.path, String(tries)), port);
    try {
      const running = await start(program);
      opening.move();
      return testStore({ dir, logFile, port, program, start }, running);
    } catch (thrown) {
      if (!(thrown instanceof LaunchError) || tries === PORT_TRIES) throw thrown;
    }
  }
};

interface Setting {
  dir: TempDir;
  logFile: string;
  port: number;
  program: StoreProgram;
  start: (program: StoreProgram) => Promise<Running>;
}

const testStore = ({ dir, logFile, port, program, start }: Setting, first: Running): TestStore => {
  let running = first;
  return {
    url: program.url,
    port,
    logFile,
    get pid() {
      return running.pid;
    },
    kill: async (signal) => {
      running.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await running.exited;
    },
    stop: async () => void (await running.stop()),
    restart: async () => {
      if (!running.hasExited()) await running.stop();
      running = await start(program);
    },
    [Symbol.asyncDispose]: async () => {
      // Its data is removed, so there is nothing to wait for.
      running.kill('SIGKILL');
      await running.exited;
      await dir[Symbol.asyncDispose]();
    },
  };
};
