import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Clock } from '#libs/clock/index.ts';
import type { Exit } from '#libs/embedded/index.ts';
import { precondition } from '../failures.ts';

/** A process that `up` started. */
export interface Child {
  pid: number;
  /** Resolves when it is gone; never rejects. */
  exited: Promise<Exit>;
  /** False when it is gone already. */
  kill(signal: NodeJS.Signals): boolean;
}

export interface ChildOptions {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Gets what it says, after what earlier ones said. */
  log: string;
}

/** A log that grew beyond this makes way when its process starts anew; one older log is kept. */
const logBytes = 32 * 2 ** 20;

/** Makes way for a new log when the old one has grown; call it before its process starts. */
export const rotate = async (log: string): Promise<void> => {
  const before = await stat(log).catch(() => undefined);
  if (before !== undefined && before.size > logBytes) await rename(log, `${log}.1`);
};

/**
 * Starts a process in a session of its own: Ctrl-C at our terminal does not reach it, so that everything ends in the
 * order that `up` chooses.
 */
export const startChild = async ({ command, args, env, cwd, log }: ChildOptions): Promise<Child> => {
  await rotate(log);
  const file = await open(log, 'a', 0o600);
  try {
    const started = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', file.fd, file.fd] });
    const exited = Promise.withResolvers<Exit>();
    started.once('exit', (code, signal) => exited.resolve({ code, signal }));
    await once(started, 'spawn');
    return { pid: started.pid ?? 0, exited: exited.promise, kill: (signal) => started.kill(signal) };
  } finally {
    await file.close();
  }
};

/** How it ended, for people: `ended with code 1`, `was killed by SIGKILL`. */
export const describeExit = ({ code, signal }: Exit): string =>
  signal === null ? `ended with code ${code}` : `was killed by ${signal}`;

const pollMs = 50;

/** Waits until a child has written its ready file. Throws FAILED_PRECONDITION `PART_FAILED` when it ends before that. */
export const waitUntilReady = async (
  clock: Clock,
  {
    name,
    child,
    file,
    log,
    withinMs,
    signal,
  }: { name: string; child: Child; file: string; log: string; withinMs: number; signal: AbortSignal },
): Promise<void> => {
  const untilMs = clock.monotonic() + withinMs;
  let ended: Exit | undefined;
  void child.exited.then((exit) => (ended = exit));
  while (!(await isReady(file, child.pid))) {
    if (ended !== undefined) throw partFailed(name, describeExit(ended), log, await tail(log));
    if (clock.monotonic() > untilMs)
      throw partFailed(name, `was not ready within ${withinMs / 1_000} s`, log, await tail(log));
    await clock.sleep(pollMs, signal);
  }
};

/** A ready file of the process before does not count. */
export const clearReady = (file: string): Promise<void> => rm(file, { force: true });

const isReady = async (file: string, pid: number): Promise<boolean> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && 'pid' in said && said.pid === pid;
  } catch {
    return false;
  }
};

const tailLines = 8;

export const tail = async (log: string): Promise<string> =>
  (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-tailLines).join('\n');

export const partFailed = (name: string, what: string, log: string, lastWords: string) =>
  precondition(
    'PART_FAILED',
    `${name} ${what}; its log is ${log}${lastWords === '' ? '' : `, and ends with:\n${lastWords}`}`,
    { name },
  );
