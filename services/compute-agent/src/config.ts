import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  boolean,
  ConfigError,
  duration,
  grpcTarget,
  integer,
  list,
  loadConfig,
  secretAs,
  size,
  text,
  tlsFiles,
  tlsVariables,
  type Environment,
  type TlsFiles,
} from '#libs/config/index.ts';
import { machineOf } from './domain/machine-name.ts';
import { engineNames, type EngineSettings, engineVariables } from './engines/families.ts';

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Reads one token a line. Throws if a line is not a token, or repeats one. */
const parseTokens = (value: string): string[] => {
  const tokens = value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (
    tokens.length === 0 ||
    new Set(tokens).size < tokens.length ||
    !tokens.every((token) => JWT.test(token))
  ) {
    throw new TypeError('not tokens');
  }
  return tokens;
};

/** The environment variables of this service; `README.md` explains each. */
export const variables = z.object({
  MUSTER_TOKEN: secretAs(parseTokens, "must be an agent's token, as CreateMachine answers it"),
  MUSTER_USER_ENDPOINT: grpcTarget(),
  MUSTER_BLOB_ENDPOINT: grpcTarget(),
  ...tlsVariables,
  MUSTER_INSECURE: boolean().prefault('0'),
  MUSTER_AGENT_SLOTS: integer({ min: 1, max: 256 }).prefault('1'),
  MUSTER_AGENT_MEMORY: size({ minBytes: 2 ** 28 }).optional(),
  MUSTER_AGENT_ENGINES: list('auto').prefault('auto'),
  ...engineVariables,
  MUSTER_AGENT_CACHE: text('/var/cache/muster').optional(),
  MUSTER_AGENT_CACHE_BYTES: size({ minBytes: 2 ** 20 }).prefault('10GiB'),
  MUSTER_AGENT_OUTBOX: text('/var/lib/muster/outbox').optional(),
  MUSTER_AGENT_OUTBOX_RESULTS: integer({ min: 1, max: 1_000_000 }).prefault('20000'),
  MUSTER_AGENT_OUTBOX_BYTES: size({ minBytes: 2 ** 10 }).prefault('10GiB'),
  MUSTER_AGENT_TELL: boolean().prefault('0'),
  MUSTER_AGENT_NO_SANDBOX: boolean().prefault('0'),
  // A longer grace would outlast the time between SIGTERM and the forced end of a process.
  MUSTER_AGENT_GRACE: duration({ maxMs: 13_000 }).prefault('10s'),
});

/** Which engines to offer: every one that works here and need not be named (`auto`), or these. */
export type EngineChoice = 'auto' | readonly string[];

export interface Config {
  /** One for each machine that this process stands for. Only tests and benches use more than one. */
  tokens: readonly string[];
  endpoints: { user: string; blob: string };
  tls: TlsFiles | undefined;
  /** Whether plain text to other machines is allowed. */
  insecure: boolean;
  /** Tasks at a time, on each machine. */
  slots: number;
  /** The share of the machine's memory that its tasks use together; all of it by default. */
  memoryBytes: number | undefined;
  engines: EngineChoice;
  /** The values of the engines' own variables. */
  settings: EngineSettings;
  /** PATH. */
  searchPath: string;
  cache: { dir: string; limitBytes: number };
  /** Where results wait for their acknowledgement. At these bounds the agent takes no more work. */
  outbox: { dir: string; records: number; bytes: number };
  /** Whether it says on standard output what it does, for a program that shows it to people. */
  tells: boolean;
  noSandbox: boolean;
  graceMs: number;
}

const engineChoice = (words: readonly string[]): EngineChoice | undefined => {
  if (words.length === 1 && words[0] === 'auto') {
    return 'auto';
  }
  const isKnown = words.length > 0 && words.every((word) => engineNames.includes(word));
  return isKnown ? engineNames.filter((engine) => words.includes(engine)) : undefined;
};

/** Reads the configuration. Throws a ConfigError that names every problem. */
export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  const engines = engineChoice(read.MUSTER_AGENT_ENGINES);
  if (engines === undefined) {
    const problem = `must be auto, or some of ${engineNames.join(',')}`;
    throw new ConfigError([{ name: 'MUSTER_AGENT_ENGINES', problem, example: 'auto' }]);
  }
  const cacheDir = read.MUSTER_AGENT_CACHE ?? join(env['HOME'] ?? homedir(), '.cache', 'muster');
  return {
    tokens: read.MUSTER_TOKEN,
    endpoints: { user: read.MUSTER_USER_ENDPOINT, blob: read.MUSTER_BLOB_ENDPOINT },
    tls: tlsFiles(read),
    insecure: read.MUSTER_INSECURE,
    slots: read.MUSTER_AGENT_SLOTS,
    memoryBytes: read.MUSTER_AGENT_MEMORY,
    engines,
    settings: loadConfig(z.object(engineVariables), env),
    searchPath: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    cache: {
      dir: cacheDir,
      limitBytes: read.MUSTER_AGENT_CACHE_BYTES,
    },
    outbox: {
      dir:
        read.MUSTER_AGENT_OUTBOX ?? join(cacheDir, 'outbox', machineOf(read.MUSTER_TOKEN[0] ?? '')),
      records: read.MUSTER_AGENT_OUTBOX_RESULTS,
      bytes: read.MUSTER_AGENT_OUTBOX_BYTES,
    },
    tells: read.MUSTER_AGENT_TELL,
    noSandbox: read.MUSTER_AGENT_NO_SANDBOX,
    graceMs: read.MUSTER_AGENT_GRACE,
  };
};
