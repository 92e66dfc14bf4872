import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { findProgram } from '#libs/embedded/index.ts';
import { statOf } from '#libs/processes/index.ts';
import { StartFailure } from './failure.ts';
import { MARK, type Identity } from './mark.ts';
import { openOutput } from './output.ts';

/** What to start. */
export interface Command {
  /** The program's absolute path, and its arguments. */
  argv: readonly string[];
  /** All of its environment, but the nonce. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** The file that gets what it says. */
  output: string;
}

/** How a process ended. */
export interface Exit {
  /** null: by a signal. undefined: it was adopted, so nobody could ask. */
  code: number | null | undefined;
}

/** A process that was started just now. */
export interface Spawned {
  identity: Identity;
  /** Never rejects. */
  exited: Promise<Exit>;
}

/**
 * Starts a program in a session and process group of its own, with a nonce in its environment and its output in a file, so that it
 * lives on when this process is gone. Throws StartFailure.
 */
export const spawnMarked = async ({ argv, env, cwd, output }: Command, nonce: string): Promise<Spawned> => {
  const [program = '', ...args] = argv;
  await checkProgram(program);
  const file = openOutput(output);
  try {
    const marked = { ...env, [MARK]: nonce };
    const child = spawn(program, args, { env: marked, cwd, detached: true, stdio: ['ignore', file, file] });
    const exited = new Promise<Exit>((resolve) => child.once('exit', (code) => resolve({ code })));
    await once(child, 'spawn');
    child.unref();
    const pid = child.pid ?? 0;
    return { identity: { nonce, pid, startTicks: statOf(pid)?.startTicks ?? '' }, exited };
  } catch (thrown) {
    throw new StartFailure('PROGRAM_NOT_EXECUTABLE', basename(program), 'cannot be started', { cause: thrown });
  } finally {
    closeSync(file);
  }
};

/** Throws StartFailure where there is no such program, or it cannot be executed. */
export const checkProgram = async (program: string): Promise<void> => {
  const name = basename(program);
  const found = await stat(program).catch(() => undefined);
  if (found === undefined) throw new StartFailure('PROGRAM_MISSING', name, `is not at ${program}; install it`);
  const isExecutable = await access(program, constants.X_OK).then(
    () => found.isFile(),
    () => false,
  );
  if (!isExecutable) throw new StartFailure('PROGRAM_NOT_EXECUTABLE', name, `at ${program} may not be executed`);
};

/** The absolute path of a program on the PATH. Throws StartFailure. */
export const programOnPath = async (name: string): Promise<string> =>
  findProgram(name, SEARCHED).catch((thrown: unknown) => {
    throw new StartFailure('PROGRAM_MISSING', name, 'is not on this host; install it', { cause: thrown });
  });

const SEARCHED = '/usr/local/bin:/usr/bin:/bin';
