import { addAbortListener } from 'node:events';
import type { Clock } from './clock.ts';

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
