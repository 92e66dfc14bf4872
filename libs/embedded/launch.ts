import { abortable } from '#libs/async/index.ts';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import {
  findProgram,
  lastLines,
  rotateOutput,
  startProgram,
  type Exit,
  type Started,
} from '#libs/programs/index.ts';
import type { Running, Program } from './program.ts';

/** A program that could not be started: why, and the last lines that it wrote. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

export interface LaunchOptions {
  /** The environment that it gets; `PATH` is where programs are looked for. */
  env: Readonly<Record<string, string | undefined>>;
  /** What it writes is appended here, and only to a file: a pipe that nobody drains would stop it. */
  logFile: string;
  /** Where it runs; default: where this process does. */
  cwd?: string;
  /** What it gets when this process ends, however that ends. Default SIGTERM; tests use SIGKILL. */
  deathSignal?: 'SIGTERM' | 'SIGKILL';
  /** The longest that it may take until it is ready; default 30 s. */
  readyMs?: number;
  /** Aborts when nobody waits for it any more: it is stopped then. */
  signal?: AbortSignal;
  clock?: Clock;
}

const READY_MS = 30_000;

/**
 * Starts a program and waits until it can be used. It runs in a session of its own, because Ctrl-C on a terminal must
 * reach only this process. It ends with this process: the kernel sends it `deathSignal`.
 *
 * @throws LaunchError when it ends before it is ready or takes too long, and the signal's reason when that aborts;
 *   nothing is left running then
 */
export const launch = async (program: Program, options: LaunchOptions): Promise<Running> => {
  const { readyMs = READY_MS, clock = systemClock, logFile, signal } = options;
  signal?.throwIfAborted();
  await rotateOutput(logFile);
  const running = await start(program, options, clock);
  const givenUp = new AbortController();
  const wait = signal === undefined ? givenUp.signal : AbortSignal.any([givenUp.signal, signal]);
  const timer = clock.setTimer(readyMs, () =>
    givenUp.abort(new Error(`was not ready within ${readyMs} ms`)),
  );
  void running.exited.then((exit) =>
    givenUp.abort(new Error(`${describeExit(exit)} before it was ready`)),
  );
  try {
    await abortable(program.ready({ pid: running.pid, signal: wait }), wait);
    return running;
  } catch (thrown) {
    if (signal?.aborted === true) {
      await running.stop();
    } else {
      running.kill('SIGKILL');
    }
    await running.exited;
    signal?.throwIfAborted();
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new LaunchError(
      `${program.name} ${why}; its log (${logFile}) ends in:\n${await lastLines(logFile)}`,
      {
        cause: thrown,
      },
    );
  } finally {
    timer.cancel();
  }
};

/** How a process ended, for people: `ended with exit code 1`, `was killed by SIGKILL`. */
export const describeExit = ({ code, signal }: Exit): string =>
  signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;

// If this process ends between the fork and the request for the signal, the kernel sends none. So the child checks its
// parent after the request.
const UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"';

const start = async (program: Program, options: LaunchOptions, clock: Clock): Promise<Running> => {
  const { env, logFile, cwd, deathSignal = 'SIGTERM' } = options;
  const setpriv = await findProgram('setpriv', env['PATH']);
  const shell = [
    '/bin/sh',
    '-c',
    UNLESS_ORPHANED,
    String(process.pid),
    program.command,
    ...program.args,
  ];
  const argv = [setpriv, '--pdeathsig', deathSignal.slice(3), '--', ...shell];
  return runningOf(
    program,
    await startProgram({ argv, env: { ...env, ...program.env }, cwd, output: logFile }),
    clock,
  );
};

const runningOf = (
  { name, stopMs }: Program,
  { pid, exited, kill }: Started,
  clock: Clock,
): Running => {
  let hasExited = false;
  void exited.then(() => (hasExited = true));
  return {
    name,
    pid,
    exited,
    hasExited: () => hasExited,
    kill,
    stop: async () => {
      kill('SIGTERM');
      // A stopped process (SIGSTOP) handles SIGTERM only after it goes on.
      kill('SIGCONT');
      const timer = clock.setTimer(stopMs, () => kill('SIGKILL'));
      const exit = await exited;
      timer.cancel();
      return exit;
    },
  };
};
