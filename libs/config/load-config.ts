import { readFileSync } from 'node:fs';
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
