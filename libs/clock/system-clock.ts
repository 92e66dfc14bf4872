import { addAbortListener } from 'node:events';
import type { Clock, Timer } from './clock.ts';

/** A clock's `sleep` by its timers. */
export const sleepBy =
  (setTimer: Clock['setTimer']): Clock['sleep'] =>
  (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimer(ms, () => {
        listener?.[Symbol.dispose]();
        resolve();
      });
      const listener =
        signal &&
        addAbortListener(signal, () => {
          timer.cancel();
          // eslint-disable-next-line typescript/prefer-promise-reject-errors
          reject(signal.reason);
        });
    });

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

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer,
  sleep: sleepBy(setTimer),
};
