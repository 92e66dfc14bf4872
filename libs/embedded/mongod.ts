import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '#libs/programs/index.ts';
import type { StoreProgram } from './launch.ts';

interface MongodOptions {
  /** Where its data go; made when it is missing. */
  dir: string;
  port: number;
  /** The user `muster` may do everything, with this password. Default: everybody on this machine may. */
  password?: string;
  /** As in `PATH`. */
  path: string | undefined;
}

const REPLICA_SET = 'rs0';
const USER = 'muster';
const STOP_MS = 15_000;

/** A mongod on the loopback interface, as a replica set of one: transactions and retryable writes need a replica set. */
export const mongod = async ({
  dir,
  port,
  password,
  path,
}: MongodOptions): Promise<StoreProgram> => {
  const command = await findProgram('mongod', path);
  const data = join(dir, 'data');
  await mkdir(data, { recursive: true });
  const access = password === undefined ? [] : ['--auth', '--keyFile', await keyFile(dir)];
  const at = `127.0.0.1:${port}`;
  const options = `replicaSet=${REPLICA_SET}`;
  const login = password === undefined ? undefined : { username: USER, password };
  return {
    name: 'mongod',
    command,
    args: [...flags(data, port), ...access],
    env: {},
    url:
      login === undefined
        ? `mongodb://${at}/?${options}`
        : `mongodb://${login.username}:${login.password}@${at}/?${options}&authSource=admin`,
    stopMs: STOP_MS,
    ready: async (started) => {
      // Loading the driver takes long, and most users of this library start no mongod.
      const { writablePrimary } = await import('./replica-set.ts');
      await writablePrimary({ replicaSet: REPLICA_SET, port, login }, started);
    },
  };
};

const flags = (data: string, port: number): string[] => [
  `--dbpath=${data}`,
  `--port=${port}`,
  '--bind_ip=127.0.0.1',
  '--nounixsocket',
  `--replSet=${REPLICA_SET}`,
  '--oplogSize=256',
  // The default is half of the machine's memory, which renderers need.
  '--wiredTigerCacheSizeGB=0.5',
  '--networkMessageCompressors=disabled',
  '--setParameter=diagnosticDataCollectionEnabled=false',
  // No other member can take over, so waiting for one would only delay the end.
  '--setParameter=shutdownTimeoutMillisForSignaledShutdown=0',
];

/** Members of a set prove themselves by it. Ours has one member, but mongod demands the file. */
const keyFile = async (dir: string): Promise<string> => {
  const file = join(dir, 'keyfile');
  try {
    await writeFile(file, randomBytes(192).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw thrown;
    }
  }
  return file;
};
