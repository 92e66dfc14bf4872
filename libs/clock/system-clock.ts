import type { Clock, Timer } from './clock.ts';
import { sleepBy } from './sleep-by.ts';

/** Node fires at once when asked for more than 2^31-1 ms, so a longer span is waited for in pieces. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const setTimer = (ms: number, fn: () => void): Timer => {
  let timeout: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, MAX_TIMEOUT_MS);
    timeout = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : fn()), pieceMs);
  };
  arm(ms);
  return { cancel: () => clearTimeout(timeout) };
};

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer,
  sleep: sleepBy(setTimer),
};
