import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Meanwhile {
  /** Most time that 99 of 100 calls may take; default 250. */
  p99Ms?: number;
  /** `during` is done again until so many calls were made; default 200. With 1 it is done once. */
  calls?: number;
  /** The pause between two calls; default 5. */
  everyMs?: number;
  /** The service, where it is a process of its own; what it waited for a core is not counted. */
  pid?: number;
}

/** What calls took, without what the machine took of it. */
export interface Answers {
  calls: number;
  p99Ms: number;
  longestMs: number;
}

const ECHO = fileURLToPath(new URL('echo.ts', import.meta.url));

/** A process beside the service, under the same scheduler, which answers at once. */
const startEcho = async () => {
  const child: ChildProcess = fork(ECHO);
  const echo = async (): Promise<void> => {
    const answered = once(child, 'message');
    child.send('');
    await answered;
  };
  await echo();
  return {
    echo,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
};

/** How often a call waits for its turn on a busy machine where an echo waits once: here, in the service, at its disk, and here again. */
const TURNS = 4;
const ECHO_EVERY_MS = 5;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** How long the first thread of a process, which runs its event loop, was ready to run and had no core. */
const withoutCoreMs = (pid: number | undefined): number =>
  pid === undefined
    ? 0
    : Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;

/** What a call takes, without what the machine made it wait. */
const timedBeside = async (
  call: () => Promise<unknown>,
  echo: () => Promise<void>,
  pid: number | undefined,
): Promise<number> => {
  const waited = withoutCoreMs(pid);
  const calling = timed(call);
  const ended = calling.then(
    () => true,
    () => true,
  );
  let byMachine = 0;
  for (let isOver = false; !isOver;) {
    byMachine = Math.max(byMachine, await timed(echo));
    isOver = await Promise.race([ended, sleep(ECHO_EVERY_MS, false)]);
  }
  const took = (await calling) - (withoutCoreMs(pid) - waited);
  return Math.max(0, took - TURNS * byMachine);
};

/**
 * Shows that a service goes on answering: makes one call after the other while `during` is done, such as an attack of another customer,
 * and throws if more than 1 of 100 takes longer than 250 ms. A call that fails fails the test.
 *
 * A machine that is busy with other things slows everything down. So during each call an idle process is asked too, again and again, and four times
 * what it takes at most to answer is subtracted. That makes it no measurement: it tells a service that stands still from one that does not.
 *
 *     await answersMeanwhile(() => bob.listLeases({}), () => ann.startVisualization(bomb).catch(ignored));
 *
 * @throws if the calls took too long, or `during` or a call rejects
 */
export const answersMeanwhile = async (
  call: () => Promise<unknown>,
  during: () => Promise<unknown>,
  { p99Ms = 250, calls = 200, everyMs = 5, pid }: Meanwhile = {},
): Promise<Answers> => {
  await using idle = await startEcho();
  const took: number[] = [];
  const calling = new AbortController();
  const callAll = async (): Promise<void> => {
    while (!calling.signal.aborted) {
      took.push(await timedBeside(call, idle.echo, pid));
      await sleep(everyMs);
    }
  };
  const doAll = async (): Promise<void> => {
    try {
      do {
        await during();
      } while (took.length < calls && !calling.signal.aborted);
    } finally {
      calling.abort();
    }
  };
  const all = callAll().finally(() => calling.abort());
  for (const end of await Promise.allSettled([all, doAll()])) {
    if (end.status === 'rejected') {
      throw end.reason;
    }
  }
  took.sort((a, b) => a - b);
  const answers = {
    calls: took.length,
    p99Ms: Math.round(took[Math.ceil(took.length * 0.99) - 1] ?? 0),
    longestMs: Math.round(took.at(-1) ?? 0),
  };
  if (answers.p99Ms > p99Ms) {
    const { p99Ms: p99, longestMs } = answers;
    throw new Error(
      `of ${answers.calls} calls meanwhile, 99 of 100 took up to ${p99} ms and the longest ${longestMs} ms; ${p99Ms} ms are allowed`,
    );
  }
  return answers;
};
