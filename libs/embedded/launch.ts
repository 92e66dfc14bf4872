import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import { findProgram } from './find-program.ts';
import { launchError } from './launch-error.ts';
import type { Exit, Running, Program } from './program.ts';

export interface LaunchOptions {
  /** The environment that it gets; `PATH` is where programs are looked for. */
  env: Readonly<Record<string, string | undefined>>;
  /** What it writes is appended here, and only to a file: a pipe that nobody drains would stop it. */
  logFile: string;
  /** What it gets when this process ends, however that ends. Default SIGTERM; tests use SIGKILL. */
  deathSignal?: 'SIGTERM' | 'SIGKILL';
  /** The longest that it may take until it is ready; default 30 s. */
  readyMs?: number;
  clock?: Clock;
}

const READY_MS = 30_000;

/**
 * Starts a program and waits until it can be used. It runs in a session of its own, so that Ctrl-C on a terminal reaches
 * only whoever launched it, and ends with this process: the kernel sends it `deathSignal`.
 *
 * @throws LaunchError when it ends before it is ready, or takes too long; nothing is left running then
 */
export const launch = async (program: Program, options: LaunchOptions): Promise<Running> => {
  const { readyMs = READY_MS, clock = systemClock, logFile } = options;
  const running = await start(program, options, clock);
  const giveUp = new AbortController();
  const tooLate = new Promise<never>((_resolve, reject) => {
    giveUp.signal.addEventListener('abort', () => reject(giveUp.signal.reason as Error), { once: true });
  });
  const ended = running.exited.then(({ code, signal }) => {
    throw new Error(`ended with ${signal ?? `exit code ${code}`} before it was ready`);
  });
  const timer = clock.setTimer(readyMs, () => giveUp.abort(new Error(`was not ready within ${readyMs} ms`)));
  try {
    await Promise.race([program.ready({ pid: running.pid, signal: giveUp.signal }), ended, tooLate]);
    return running;
  } catch (thrown) {
    running.kill('SIGKILL');
    await running.exited;
    throw await launchError(program.name, thrown instanceof Error ? thrown.message : String(thrown), logFile, thrown);
  } finally {
    timer.cancel();
    // Ends whatever still waits; nobody listens to what that says.
    for (const unheard of [tooLate, ended]) unheard.catch(() => {});
    giveUp.abort(new Error('no longer waited for'));
  }
};

// Our end between the fork and the request for the signal would go unnoticed, so the parent is looked at after it.
const UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"';

const start = async (program: Program, options: LaunchOptions, clock: Clock): Promise<Running> => {
  const { env, logFile, deathSignal = 'SIGTERM' } = options;
  const setpriv = await findProgram('setpriv', env['PATH']);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const shell = ['/bin/sh', '-c', UNLESS_ORPHANED, String(process.pid), program.command, ...program.args];
    const child = spawn(setpriv, ['--pdeathsig', deathSignal.slice(3), '--', ...shell], {
      env: { ...env, ...program.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    await once(child, 'spawn');
    const { pid } = child;
    if (pid === undefined) throw new Error(`${program.name} has no pid`);
    return runningOf(program, pid, exited, (signal) => child.kill(signal), clock);
  } finally {
    closeSync(log);
  }
};

const runningOf = (
  { name, stopMs }: Program,
  pid: number,
  exited: Promise<Exit>,
  kill: Running['kill'],
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
      kill('SIGCONT');
      const timer = clock.setTimer(stopMs, () => kill('SIGKILL'));
      const exit = await exited;
      timer.cancel();
      return exit;
    },
  };
};
