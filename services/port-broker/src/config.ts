import { hostname } from 'node:os';
import { z } from 'zod';
import { boolean, ConfigError, loadConfig, text, type Environment } from '#libs/config/index.ts';
import { serverConfig, serverVariables, type ServerConfig } from '#libs/service/index.ts';
import { parsePools } from './domain/pool-expression.ts';
import { poolProblems, type KernelRange, type Pool } from './domain/pool.ts';

const POOLS = 'visualization=11111-11116,vnc=6100-6999,compute=5560-5589';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  ...serverVariables('127.0.0.1:7403'),
  MUSTER_PORT_POOLS: text(POOLS).prefault(POOLS),
  MUSTER_PORT_DATA: text('/var/lib/muster/ports'),
  MUSTER_PORT_HOST: text('host-1').optional(),
  MUSTER_PORT_ANY_RANGE: boolean().prefault('0'),
});

export interface Config {
  server: ServerConfig;
  pools: Pool[];
  /** The broker's own folder. */
  dataDir: string;
  /** Of this host. */
  host: string;
}

/**
 * Reads the configuration; throws ConfigError that names everything wrong. `kernel` are the ranges that pools must not meet,
 * unless MUSTER_PORT_ANY_RANGE says that they may.
 */
export const readConfig = (env: Environment, kernel: readonly KernelRange[]): Config => {
  const read = loadConfig(variables, env);
  const pools = poolsOf(read.MUSTER_PORT_POOLS);
  const problems = poolProblems(pools, read.MUSTER_PORT_ANY_RANGE ? [] : kernel);
  if (problems.length > 0) {
    const advice = 'choose other ranges in MUSTER_PORT_POOLS';
    throw new ConfigError(problems.map((problem) => ({ name: 'MUSTER_PORT_POOLS', problem: `${problem}; ${advice}` })));
  }
  return {
    server: serverConfig(read),
    pools,
    dataDir: read.MUSTER_PORT_DATA,
    host: read.MUSTER_PORT_HOST ?? hostname(),
  };
};

const poolsOf = (expression: string): Pool[] => {
  try {
    return parsePools(expression);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    throw new ConfigError([{ name: 'MUSTER_PORT_POOLS', problem: thrown.message }]);
  }
};
