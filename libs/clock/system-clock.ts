import type { Clock, Timer } from './clock.ts';

/** Node fires at once when asked for more than 2^31-1 ms, so longer spans are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const setTimer = (ms: number, fn: () => void): Timer => {
  let timeout: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
    timeout = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : fn()), pieceMs);
  };
  arm(ms);
  return { cancel: () => clearTimeout(timeout) };
};

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      // eslint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal?.reason);
    };
    const timer = setTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer,
  sleep,
};
