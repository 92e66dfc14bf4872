import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DomainError, status } from '#libs/errors/index.ts';
import { helperLimits } from './limits.ts';
import { bubblewrap } from './profile.ts';
import { own, type Sandbox } from './sandbox.ts';

const run = promisify(execFile);

const refusal = (message: string, cause: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'SANDBOX_MISSING',
    `${message}; install bubblewrap (apt-get install bubblewrap), or accept that scenes can reach this machine with --no-sandbox`,
    {},
    { cause },
  );

/** Runs `true` under the complete profile. */
const works = async (options: { program: string; asRoot: boolean }): Promise<void> => {
  const workDir = await mkdtemp(join(tmpdir(), 'muster-probe-'));
  try {
    await own(options.asRoot, workDir);
    const box = { workDir, readOnly: [], limits: helperLimits, env: {} };
    const [program = '', ...args] = bubblewrap(options, box);
    await run(program, [...args, '/usr/bin/true'], { timeout: 10_000 });
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
  const version = await run(program, ['--version'], { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim().replace(/^bubblewrap /, ''),
    (cause: unknown) => {
      throw refusal(`no ${program}`, cause);
    },
  );
  // The root of a container may lack the rights of a machine's root, and still have those of any user.
  const ways = process.getuid?.() === 0 ? [true, false] : [false];
  let cause: unknown;
  for (const asRoot of ways) {
    try {
      await works({ program, asRoot });
      return { kind: 'bubblewrap', program, version, asRoot };
    } catch (error) {
      cause ??= error;
    }
  }
  throw refusal(`bubblewrap ${version} does not work here`, cause);
};
