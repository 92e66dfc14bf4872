import { abortable, poll } from '#libs/async/index.ts';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import {
  findProgram,
  lastLines,
  boundOutput,
  LOGS,
  startProgram,
  type Exit,
  type Started as StartedProgram,
} from '#libs/programs/index.ts';

/** A process that was just started. */
export interface Started {
  pid: number;
  /** Aborts when waiting for it makes no sense any more. */
  signal: AbortSignal;
}

/** A program that can be started: everything it needs has been written. */
export interface Program {
  /** As in process lists: `mongod`, `session-supervisor`. */
  name: string;
  /** Absolute path. */
  command: string;
  args: readonly string[];
  /** Added to the environment that it is launched with. */
  env: Readonly<Record<string, string>>;
  /** How long it may take to end when asked, in milliseconds; then it is killed. */
  stopMs: number;
  /** Resolves when clients can use it, and it really is this process that answers; rejects when `signal` aborts. */
  ready(started: Started): Promise<void>;
}

/** One of the stores. */
export interface StoreProgram extends Program {
  /** How clients reach it, credentials included: never log it. A URL, for Azurite a connection string. */
  url: string;
}

/** A store in which each service has a user of its own. */
export interface SharedStoreProgram<Service extends string> extends StoreProgram {
  /** As `url`, with the credentials of a service: it may do only what that needs. Without passwords it is `url`. */
  urlFor(service: Service): string;
}

export interface Running extends Pick<StartedProgram, 'pid' | 'exited' | 'kill'> {
  hasExited(): boolean;
  /** Asks it to end (also when it is frozen) and kills it if it takes too long. */
  stop(): Promise<Exit>;
}

const POLL_MS = 20;

/** The `ready` of a program that can only be asked again and again. */
export const readyWhen =
  (isReady: (started: Started) => Promise<boolean>): Program['ready'] =>
  async (started) => {
    const { signal } = started;
    await poll(() => isReady(started), { clock: systemClock, everyMs: POLL_MS, signal });
  };

/** A program that could not be started: why, and the last lines that it wrote. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

export interface LaunchOptions {
  /** The environment that it gets; `PATH` is where programs are looked for. */
  env: Readonly<Record<string, string | undefined>>;
  /** What it writes is appended here, and only to a file: a pipe that nobody drains would stop it. */
  logFile: string;
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
 * Starts a program that ends with this process, in a session of its own, and waits until it can be used. Throws
 * LaunchError when it ends before it is ready or takes too long, and the signal's reason when that aborts; nothing is left
 * running then.
 */
export const launch = async (program: Program, options: LaunchOptions): Promise<Running> => {
  const { readyMs = READY_MS, clock = systemClock, logFile, signal } = options;
  signal?.throwIfAborted();
  await boundOutput(logFile, LOGS);
  const running = await start(program, options, clock);
  const givenUp = new AbortController();
  const giveUp = (why: string): void => givenUp.abort(new Error(why));
  const wait = AbortSignal.any([givenUp.signal, ...(signal === undefined ? [] : [signal])]);
  const timer = clock.setTimer(readyMs, () => giveUp(`was not ready within ${readyMs} ms`));
  void running.exited.then((exit) => giveUp(`${describeExit(exit)} before it was ready`));
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
    const said = `its log (${logFile}) ends in:\n${await lastLines(logFile)}`;
    throw new LaunchError(`${program.name} ${why}; ${said}`, { cause: thrown });
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
  const dying = [setpriv, '--pdeathsig', deathSignal.slice(3), '--'];
  const shell = ['/bin/sh', '-c', UNLESS_ORPHANED, String(process.pid)];
  const { pid, exited, kill } = await startProgram({
    argv: [...dying, ...shell, program.command, ...program.args],
    env: { ...env, ...program.env },
    cwd,
    output: logFile,
  });
  let hasExited = false;
  void exited.then(() => (hasExited = true));
  return {
    pid,
    exited,
    kill,
    hasExited: () => hasExited,
    stop: async () => {
      kill('SIGTERM');
      // A stopped process (SIGSTOP) handles SIGTERM only after it goes on.
      kill('SIGCONT');
      const timer = clock.setTimer(program.stopMs, () => kill('SIGKILL'));
      const exit = await exited;
      timer.cancel();
      return exit;
    },
  };
};
