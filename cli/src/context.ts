import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { CliEnvironment } from './cli.ts';
import { inputUnreadable, noContext, textOf } from './failures.ts';

/** The parts of the mesh that a client talks to. */
export const parts = ['session', 'user', 'port', 'blob'] as const;
export type Part = (typeof parts)[number];

const target = z.string().min(1);

const contextSchema = z.object({
  /** gRPC targets: `ipv4:127.0.0.1:7401,127.0.0.1:7402`, `dns:///muster.example:443`. */
  endpoints: z.object({ session: target, user: target, port: target, blob: target }).partial(),
  tokens: z.object({ customer: z.string(), operator: z.string() }).partial(),
  /** Path of the CA certificate that signed the endpoints' ones; null: no TLS. */
  ca: z.string().nullish(),
});

/** How to reach a mesh, and as whom. */
export type MeshContext = z.infer<typeof contextSchema> & {
  /** The file it came from. */
  file: string;
};

/** Where a context is looked for, in this order; a named one must exist, of the others the first that does counts. */
export const contextCandidates = (
  named: string | undefined,
  cwd: string,
  env: Pick<CliEnvironment, 'home' | 'context'>,
): { file: string; isNamed: boolean }[] => {
  if (named !== undefined) return [{ file: resolve(cwd, named), isNamed: true }];
  if (env.context !== undefined && env.context !== '') return [{ file: resolve(cwd, env.context), isNamed: true }];
  return [
    { file: resolve(cwd, '.muster/context.json'), isNamed: false },
    { file: resolve(env.home, '.muster/context.json'), isNamed: false },
  ];
};

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
      if (!isNamed && error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      throw noContext(`the context ${file} cannot be read: ${textOf(error)}`);
    }
    return { ...parseContext(file, text), file };
  }
  const looked = candidates.map(({ file }) => file).join(', ');
  throw noContext(`no mesh is known here (looked for ${looked}); start one with \`muster up\`, or name a context file`);
};

const parseContext = (file: string, text: string): z.infer<typeof contextSchema> => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw inputUnreadable(file, `not JSON: ${textOf(error)}`, error);
  }
  const parsed = contextSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
  throw inputUnreadable(file, `not a context: ${wrong.join('; ')}`);
};
