import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DomainError, status } from '#libs/errors/index.ts';
import { hasFilter, withFilter } from '#libs/programs/index.ts';
import { helperLimits } from './limits.ts';
import { bubblewrap } from './profile.ts';
import { own, type Sandbox } from './sandbox.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

const refusal = (message: string, cause: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'SANDBOX_MISSING',
    `${message}; install bubblewrap (apt-get install bubblewrap), or accept that scenes can reach this machine with --no-sandbox`,
    {},
    { cause },
  );

/** Throws what the program says if it fails. */
const succeeds = async (program: string, args: readonly string[]): Promise<void> => {
  const child = withFilter((further) =>
    spawn(program, args, { timeout: TIMEOUT_MS, stdio: ['ignore', 'ignore', 'pipe', ...further] }),
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`${program} ended with ${code ?? 'a signal'}: ${said.trim()}`);
  }
};

/** Runs `true` under the complete profile. */
const works = async (options: {
  program: string;
  asRoot: boolean;
  isFiltered: boolean;
}): Promise<void> => {
  const workDir = await mkdtemp(join(tmpdir(), 'muster-probe-'));
  try {
    await own(options.asRoot, workDir);
    const box = { workDir, readOnly: [], limits: helperLimits, env: {} };
    const [program = '', ...args] = bubblewrap(options, box);
    await succeeds(program, [...args, '/usr/bin/true']);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
};

/**
 * Finds bubblewrap and tries it, because the agent must not find out at the first frame that namespaces are forbidden
 * here. Throws FAILED_PRECONDITION `SANDBOX_MISSING` if it does not work, unless `noSandbox` accepts that.
 */
export const findSandbox = async ({
  noSandbox,
  program = '/usr/bin/bwrap',
}: {
  noSandbox: boolean;
  program?: string;
}): Promise<Sandbox> => {
  if (noSandbox) {
    return { kind: 'none' };
  }
  const version = await run(program, ['--version'], { timeout: TIMEOUT_MS }).then(
    ({ stdout }) => stdout.trim().replace(/^bubblewrap /, ''),
    (cause: unknown) => {
      throw refusal(`no ${program}`, cause);
    },
  );
  // The root of a container may lack the rights of a machine's root, and still have those of any user.
  const users = process.getuid?.() === 0 ? [true, false] : [false];
  // A kernel without filters, or another processor, has the rest of the sandbox.
  const filters = hasFilter ? [true, false] : [false];
  let cause: unknown;
  for (const way of filters.flatMap((isFiltered) =>
    users.map((asRoot) => ({ asRoot, isFiltered })),
  )) {
    try {
      await works({ program, ...way });
      return { kind: 'bubblewrap', program, version, ...way };
    } catch (error) {
      cause ??= error;
    }
  }
  throw refusal(`bubblewrap ${version} does not work here`, cause);
};
