import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '#libs/programs/index.ts';
import type { MongoService } from '#libs/mongo/rights.ts';
import type { SharedStoreProgram } from './launch.ts';

export type MongoPasswords = Readonly<Record<'muster' | MongoService, string>>;

interface MongodOptions {
  /** Where its data go; made when it is missing. */
  dir: string;
  port: number;
  /** Passwords of `muster`, who may do everything, and of the services. Default: everybody on this machine may do everything. */
  passwords?: MongoPasswords;
  /** The database in which the services have their rights. Default: each. */
  database?: string;
  /** As in `PATH`. */
  path: string | undefined;
}

export const ADMIN = 'admin';

/** Where users for a database are kept: only roles of `admin` can name every database (''). */
export const homeOf = (database: string): string => (database === '' ? ADMIN : database);

const REPLICA_SET = 'rs0';
/** The least that mongod takes. More would slow down guesses, but nobody guesses random passwords, and services log in often. */
const ITERATIONS = 5_000;
const STOP_MS = 15_000;

/** A mongod on the loopback interface, as a replica set of one: transactions and retryable writes need a replica set. */
export const mongod = async ({
  dir,
  port,
  passwords,
  database = '',
  path,
}: MongodOptions): Promise<SharedStoreProgram<MongoService>> => {
  const command = await findProgram('mongod', path);
  const data = join(dir, 'data');
  await mkdir(data, { recursive: true });
  const access =
    passwords === undefined
      ? []
      : [
          '--auth',
          '--keyFile',
          await keyFile(dir),
          `--setParameter=scramSHA256IterationCount=${ITERATIONS}`,
        ];
  const at = `127.0.0.1:${port}`;
  const urlOf = (user: keyof MongoPasswords, source: string): string => {
    const login = passwords && `${user}:${encodeURIComponent(passwords[user])}@`;
    const authentication = passwords && `&authSource=${source}`;
    return `mongodb://${login ?? ''}${at}/?replicaSet=${REPLICA_SET}${authentication ?? ''}`;
  };
  return {
    name: 'mongod',
    command,
    args: [...flags(data, port), ...access],
    env: {},
    url: urlOf('muster', ADMIN),
    urlFor: (service) => urlOf(service, homeOf(database)),
    stopMs: STOP_MS,
    ready: async (started) => {
      // Loading the driver takes long, and most users of this library start no mongod.
      const { writablePrimary } = await import('./replica-set.ts');
      await writablePrimary({ replicaSet: REPLICA_SET, port, passwords, database }, started);
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
