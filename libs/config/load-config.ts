import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { metaOf } from './meta.ts';

/** `process.env`, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of a schema from the environment and ignores all others. An empty value counts as not set. A secret
 * `X` may come as `X_FILE`. Throws ConfigError that names every wrong variable at once.
 */
export const loadConfig = <S extends z.ZodObject>(schema: S, env: Environment): z.infer<S> => {
  const problems: ConfigProblem[] = [];
  const values: Record<string, string> = {};
  for (const [name, variable] of Object.entries(schema.shape)) {
    const value = env[name];
    const { example, isSecret } = metaOf(variable);
    if (isSecret === true && env[`${name}_FILE`]) {
      const read = value
        ? { problem: `is set both directly and as ${name}_FILE` }
        : readSecretFile(env[`${name}_FILE`]!);
      if ('problem' in read) {
        problems.push({ name: value ? name : `${name}_FILE`, problem: read.problem, example });
      } else {
        values[name] = read.value;
      }
    } else if (value !== undefined && value !== '') {
      values[name] = value;
    }
  }
  const parsed = schema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0] ?? 'the environment');
    const known = schema.shape[name];
    const isMissing = known !== undefined && values[name] === undefined;
    if (!problems.some((other) => other.name === name || other.name === `${name}_FILE`)) {
      const { example } = known === undefined ? {} : metaOf(known);
      problems.push({ name, problem: isMissing ? 'must be set' : issue.message, example });
    }
  }
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(problems);
  }
  return parsed.data;
};

/** Reads a secret from the file that a variable `X_FILE` names; without the newline that editors add. */
const readSecretFile = (path: string): { value: string } | { problem: string } => {
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: `names an empty file, ${path}` } : { value };
  } catch (thrown) {
    return { problem: `names a file that cannot be read: ${(thrown as Error).message}` };
  }
};

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
