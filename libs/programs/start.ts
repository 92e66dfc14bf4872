import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { checkProgram } from './find.ts';
import { StartFailure } from './failure.ts';
import { MARK, type Identity } from './identity.ts';
import { statOf } from './stat.ts';
import { withFilter } from './syscalls/descriptor.ts';

export interface Command {
  /** The program's absolute path, and its arguments. */
  argv: readonly string[];
  /** All of its environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** Default: where this process runs. */
  cwd?: string | undefined;
  /** Whether it is a bubblewrap that takes `FILTERED`. */
  isFiltered?: boolean | undefined;
  /** The file to which its output is appended. Never a pipe: it would stop the program once nobody reads it. */
  output: string;
}

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that was started just now. */
export interface Started {
  pid: number;
  /** Never rejects. */
  exited: Promise<Exit>;
  /** Sends a signal; false when it has ended already. */
  kill: (signal: NodeJS.Signals) => boolean;
  /** From now on this process may end before the started one does. */
  unref: () => void;
}

/**
 * Starts a program in a session and process group of its own: Ctrl-C on a terminal reaches only this process, and a signal to the group
 * reaches all of the program. It lives on when this process ends. Its output may also go to an open descriptor, or to a
 * function, with which the program must end when this process does. Rejects with what `spawn` says.
 */
export const startProgram = async ({
  argv,
  env,
  cwd,
  output,
  isFiltered = false,
}: Omit<Command, 'output'> & {
  output: string | number | ((chunk: Buffer) => void);
}): Promise<Started> => {
  const [program = '', ...args] = argv;
  // Appending, because a program then goes on at the front after the file was cut.
  await using file = typeof output === 'string' ? await open(output, 'a', 0o600) : undefined;
  const isHeard = typeof output === 'function';
  const descriptor = isHeard ? 'pipe' : (file?.fd ?? Number(output));
  const start = (further: readonly number[]) =>
    spawn(program, args, {
      env,
      cwd,
      detached: true,
      stdio: ['ignore', descriptor, descriptor, ...further],
    });
  const child = isFiltered ? withFilter(start) : start([]);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  if (isHeard) {
    child.stdout?.on('data', output);
    child.stderr?.on('data', output);
  }
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => child.kill(signal),
    unref: () => child.unref(),
  };
};

/** The same with a nonce in its environment, by which this process and later ones know it. Throws StartFailure. */
export const startMarked = async (
  command: Command,
  nonce: string,
): Promise<{ identity: Identity; exited: Promise<Exit> }> => {
  const [program = ''] = command.argv;
  await checkProgram(program);
  try {
    const started = await startProgram({ ...command, env: { ...command.env, [MARK]: nonce } });
    started.unref();
    const { pid, exited } = started;
    return { identity: { nonce, pid, startTicks: statOf(pid)?.startTicks ?? '' }, exited };
  } catch (thrown) {
    throw new StartFailure('PROGRAM_NOT_EXECUTABLE', basename(program), 'cannot be started', {
      cause: thrown,
    });
  }
};
