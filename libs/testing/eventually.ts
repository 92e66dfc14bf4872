import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** How long it tries; default 5 s. */
  withinMs?: number;
  /** The pause between two tries; default 20 ms. */
  everyMs?: number;
}

/**
 * Tries until `attempt` neither throws nor rejects, and returns its result. It is for outcomes without an event; if there
 * is an event, await that.
 *
 * @throws the error of the last try, with the time spent in its message
 */
export const eventually = async <T>(
  attempt: () => T | Promise<T>,
  patience: Patience = {},
): Promise<T> => {
  const { withinMs = 5_000, everyMs = 20 } = patience;
  const started = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (performance.now() - started + everyMs > withinMs) {
        if (thrown instanceof Error) {
          thrown.message += ` (still so after ${withinMs} ms)`;
        }
        throw thrown;
      }
    }
    await sleep(everyMs);
  }
};
