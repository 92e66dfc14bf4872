import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { Environment } from './load-config.ts';
import { metaOf } from './meta.ts';

const PREFIX = 'MUSTER_';

const flagOf = (name: string): string =>
  name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-');

/**
 * The environment with command-line flags laid over it: `--tls-cert FILE` or `--tls-cert=FILE` sets MUSTER_TLS_CERT. A
 * secret has only `--mesh-secret-file`, because everybody on the machine can read a command line. Throws ConfigError for
 * an unknown flag, a flag without a value, or a word that belongs to no flag.
 */
export const withFlags = (
  schema: z.ZodObject,
  env: Environment,
  args: readonly string[],
): Environment => {
  const names = Object.entries(schema.shape)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, variable]) => (metaOf(variable).isSecret === true ? `${name}_FILE` : name));
  const options = Object.fromEntries(
    names.map((name) => [flagOf(name), { type: 'string' as const }]),
  );
  try {
    const { values } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: false,
    });
    const given = names
      .map((name) => [name, values[flagOf(name)]] as const)
      .filter(([, value]) => value !== undefined);
    return { ...env, ...Object.fromEntries(given) };
  } catch (thrown) {
    throw new ConfigError([
      { name: 'command line:', problem: thrown instanceof Error ? thrown.message : String(thrown) },
    ]);
  }
};
