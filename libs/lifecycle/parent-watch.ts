import { readFile } from 'node:fs/promises';
import type { Clock } from '#libs/clock/index.ts';

const POLL_MS = 500;

/** When the process started, in clock ticks since boot; undefined when there is none, or it has only to be reaped. */
const startTicks = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses, and may itself contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : fields[19];
};

/**
 * Resolves when the process is gone, also when another one has its number by now; never rejects. Ends early, without
 * a word, when `signal` aborts. Linux only: it reads /proc.
 */
export const processGone = async (pid: number, clock: Clock, signal: AbortSignal): Promise<void> => {
  const born = await startTicks(pid);
  if (born === undefined) {
    return;
  }
  do {
    await clock.sleep(POLL_MS, signal).catch(() => {});
  } while (!signal.aborted && (await startTicks(pid)) === born);
};
