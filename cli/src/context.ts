import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CliEnvironment } from './cli.ts';
import { inputUnreadable, noContext, textOf } from './failures.ts';

/** The parts of the mesh that a client talks to. */
export const parts = ['session', 'user', 'port', 'blob'] as const;
export type Part = (typeof parts)[number];

/** How to reach a mesh, and as whom. */
export interface MeshContext {
  file: string;
  /** gRPC targets: `ipv4:127.0.0.1:7401,127.0.0.1:7402`, `dns:///muster.example:443`. */
  endpoints: Partial<Record<Part, string>>;
  tokens: Partial<Record<'customer' | 'operator', string>>;
  /** Path of the CA certificate that signed the endpoints' ones; null: no TLS. */
  ca: string | null;
}

/** Where a context is looked for, in this order. One that is named must exist; of the others the first that exists counts. */
export const contextCandidates = (
  named: string | undefined,
  cwd: string,
  { home, context }: Pick<CliEnvironment, 'home' | 'context'>,
): { file: string; isNamed: boolean }[] => {
  const only = named ?? (context || undefined);
  return only === undefined
    ? [cwd, home].map((folder) => ({
        file: resolve(folder, '.muster/context.json'),
        isNamed: false,
      }))
    : [{ file: resolve(cwd, only), isNamed: true }];
};

const NEXT =
  'start a mesh with `muster up`, or name another context with --context FILE or MUSTER_CONTEXT';

/** Reads the context that applies. Throws INVALID_ARGUMENT `NO_CONTEXT` or `INPUT_UNREADABLE`. */
export const loadContext = async (
  named: string | undefined,
  cwd: string,
  env: Pick<CliEnvironment, 'home' | 'context'>,
): Promise<MeshContext> => {
  const candidates = contextCandidates(named, cwd, env);
  for (const { file, isNamed } of candidates) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (!isNamed && error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        continue;
      }
      throw noContext(`the context ${file} cannot be read: ${textOf(error)}; ${NEXT}`);
    }
    return parseContext(file, text);
  }
  const looked = candidates.map(({ file }) => file).join(', ');
  throw noContext(`no mesh is known here (looked for ${looked}); ${NEXT}`);
};

/** Checked by hand: every command reads a context, and loading zod would take as long as loading gRPC. */
const parseContext = (file: string, text: string): MeshContext => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw inputUnreadable(file, `not JSON: ${textOf(error)}`, error);
  }
  const wrong: string[] = [];
  const strings = <Name extends string>(field: string, names: readonly Name[]) => {
    const object = memberOf(document, field);
    if (typeof object !== 'object' || object === null) {
      wrong.push(`${field}: must be an object`);
    }
    const given = names
      .map((name) => [name, memberOf(object, name)] as const)
      .filter(([, value]) => value !== undefined);
    for (const [name, value] of given) {
      if (typeof value !== 'string' || value === '') {
        wrong.push(`${field}.${name}: must be a text`);
      }
    }
    return Object.fromEntries(given) as Partial<Record<Name, string>>;
  };
  const endpoints = strings('endpoints', parts);
  const tokens = strings('tokens', ['customer', 'operator']);
  const ca = memberOf(document, 'ca') ?? null;
  if (ca !== null && typeof ca !== 'string') {
    wrong.push('ca: must be a path or null');
  }
  if (wrong.length > 0) {
    throw inputUnreadable(file, `not a context: ${wrong.join('; ')}`);
  }
  return { file, endpoints, tokens, ca: ca as string | null };
};

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
