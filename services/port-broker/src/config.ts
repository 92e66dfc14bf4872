import { hostname } from 'node:os';
import { z } from 'zod';
import {
  boolean,
  ConfigError,
  duration,
  grpcTarget,
  integer,
  list,
  loadConfig,
  oneOf,
  secret,
  size,
  text,
  parseNetworks,
  type Environment,
} from '#libs/config/index.ts';
import { machineMemory } from '#libs/programs/index.ts';
import { mongoVariables, serverConfig, serverVariables } from '#libs/service/index.ts';
import { parsePools } from './pool-expression.ts';
import { poolProblems, type KernelRange } from './domain/pool.ts';
import { parseWorkerKinds } from './compute/worker-kinds.ts';

const POOLS = 'visualization=11111-11116,vnc=6100-6999,compute=5560-5589';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  ...serverVariables('127.0.0.1:7403'),
  MUSTER_PORT_POOLS: text(POOLS).prefault(POOLS),
  MUSTER_PORT_DATA: text('/var/lib/muster/ports'),
  MUSTER_PORT_HOST: text('host-1').optional(),
  MUSTER_PORT_ANY_RANGE: boolean().prefault('0'),
  MUSTER_PORT_ADDRESS: text('127.0.0.1').prefault('127.0.0.1'),
  MUSTER_PORT_ON_STOP: oneOf(['keep', 'end']).prefault('keep'),
  MUSTER_PORT_FAILPOINT: text('process-noted').optional(),
  MUSTER_PORT_CASE_ROOTS: text('/srv/cases:/home').optional(),
  MUSTER_PORT_ARCHIVE_BYTES: size().prefault('20GiB'),
  MUSTER_PORT_PVSERVER: text('/usr/bin/pvserver').optional(),
  MUSTER_PORT_VISUALIZATION_MEMORY: size().prefault('8GiB'),
  MUSTER_PORT_VISUALIZATION_IDLE: duration({ maxMs: 30 * 86_400_000 }).prefault('4h'),
  MUSTER_PORT_SESSION_DISK: size().prefault('8GiB'),
  MUSTER_PORT_CUSTOMER_MEMORY: size().optional(),
  MUSTER_PORT_CUSTOMER_DISK: size().prefault('40GiB'),
  MUSTER_PORT_DISK_RESERVE: size().prefault('2GiB'),
  MUSTER_PORT_VNC_NETWORKS: list('10.0.0.0/8').optional(),
  MUSTER_PORT_WEBSOCKIFY: text('/usr/bin/websockify').optional(),
  MUSTER_PORT_NOVNC: text('/usr/share/novnc').prefault('/usr/share/novnc'),
  MUSTER_PORT_VNC_TOKEN_TTL: duration({ minMs: 1_000, maxMs: 86_400_000 }).prefault('2m'),
  MUSTER_PORT_COMPUTE_WORKERS: text(
    'phoebe=/path/python -m phoebe_server.worker.phoebe_worker {port}',
  ).optional(),
  MUSTER_PORT_COMPUTE_IDLE: duration({ maxMs: 30 * 86_400_000 }).prefault('30m'),
  MUSTER_PORT_COMPUTE_SESSIONS_PER_USER: integer({ min: 1, max: 1_000 }).prefault('5'),
  MUSTER_PORT_ANNOUNCE: grpcTarget().optional(),
  MUSTER_PORT_OWN_ADDRESS: boolean().prefault('0'),
  MUSTER_MONGO_URL: mongoVariables.MUSTER_MONGO_URL.optional(),
  MUSTER_MONGO_DATABASE: mongoVariables.MUSTER_MONGO_DATABASE,
  MUSTER_BLOB_ENDPOINT: grpcTarget().optional(),
  MUSTER_SERVICE_TOKEN: secret().optional(),
});

/**
 * Reads the configuration. Throws ConfigError that names everything wrong. `kernel` are the ranges that pools must not
 * touch, unless MUSTER_PORT_ANY_RANGE allows it.
 */
export const readConfig = (env: Environment, kernel: readonly KernelRange[]) => {
  const read = loadConfig(variables, env);
  const pools = parsed('MUSTER_PORT_POOLS', () => parsePools(read.MUSTER_PORT_POOLS));
  const problems = poolProblems(pools, read.MUSTER_PORT_ANY_RANGE ? [] : kernel);
  if (problems.length > 0) {
    const advice = 'choose other ranges in MUSTER_PORT_POOLS';
    throw new ConfigError(
      problems.map((problem) => ({ name: 'MUSTER_PORT_POOLS', problem: `${problem}; ${advice}` })),
    );
  }
  const described = read.MUSTER_PORT_COMPUTE_WORKERS ?? '';
  const workers = parsed('MUSTER_PORT_COMPUTE_WORKERS', () => parseWorkerKinds(described));
  const { MUSTER_MONGO_URL: url, MUSTER_MONGO_DATABASE: database } = read;
  return {
    server: serverConfig(read),
    pools,
    dataDir: read.MUSTER_PORT_DATA,
    host: read.MUSTER_PORT_HOST ?? hostname(),
    /** Where the leased ports are opened. */
    address: read.MUSTER_PORT_ADDRESS,
    onStop: read.MUSTER_PORT_ON_STOP,
    failpoint: read.MUSTER_PORT_FAILPOINT,
    /** How much the program of a session may write. */
    sessionDiskBytes: read.MUSTER_PORT_SESSION_DISK,
    hostBounds: {
      customerMemoryBytes: read.MUSTER_PORT_CUSTOMER_MEMORY ?? Math.floor(machineMemory() / 2),
      customerDiskBytes: read.MUSTER_PORT_CUSTOMER_DISK,
      reserveBytes: read.MUSTER_PORT_DISK_RESERVE,
    },
    visualization: {
      /** Folders below which cases may be. */
      roots: (read.MUSTER_PORT_CASE_ROOTS ?? '').split(':').filter((root) => root !== ''),
      archiveBytes: read.MUSTER_PORT_ARCHIVE_BYTES,
      /** The program; undefined: the one on the PATH. */
      pvserver: read.MUSTER_PORT_PVSERVER,
      /** How much memory a server may use. */
      memoryBytes: read.MUSTER_PORT_VISUALIZATION_MEMORY,
      /** How long a server may be unused before it ends; 0: for ever. */
      idleMs: read.MUSTER_PORT_VISUALIZATION_IDLE,
    },
    vnc: {
      /** Where the VNC servers of machines may be. */
      networks: parsed('MUSTER_PORT_VNC_NETWORKS', () =>
        parseNetworks(read.MUSTER_PORT_VNC_NETWORKS ?? []),
      ),
      /** The program; undefined: the one on the PATH. */
      websockify: read.MUSTER_PORT_WEBSOCKIFY,
      novnc: read.MUSTER_PORT_NOVNC,
      tokenMs: read.MUSTER_PORT_VNC_TOKEN_TTL,
    },
    compute: {
      kinds: new Map(workers.map((kind) => [kind.name, kind])),
      /** How long a session may go without a command before it ends; 0: for ever. */
      idleMs: read.MUSTER_PORT_COMPUTE_IDLE,
      mostPerUser: read.MUSTER_PORT_COMPUTE_SESSIONS_PER_USER,
    },
    isOneOfSeveral: read.MUSTER_PORT_OWN_ADDRESS,
    /** Where brokers announce themselves; undefined: this host is alone. */
    mongo: url === undefined ? undefined : { url, database },
    announce: read.MUSTER_PORT_ANNOUNCE,
    blob: blobOf(read.MUSTER_BLOB_ENDPOINT, read.MUSTER_SERVICE_TOKEN),
  };
};

export type Config = ReturnType<typeof readConfig>;

/** Parses a setting; a SyntaxError becomes a ConfigError with the setting's name. */
const parsed = <T>(name: string, parse: () => T): T => {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) {
      throw thrown;
    }
    throw new ConfigError([{ name, problem: thrown.message }]);
  }
};

/** Where archives come from; undefined: there are none. */
const blobOf = (target: string | undefined, token: string | undefined) => {
  if (target === undefined) {
    return undefined;
  }
  if (token === undefined) {
    const problem = 'is needed with MUSTER_BLOB_ENDPOINT';
    throw new ConfigError([{ name: 'MUSTER_SERVICE_TOKEN', problem }]);
  }
  return { target, token };
};
