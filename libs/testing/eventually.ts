import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** How long to go on trying; default 5 s. */
  withinMs?: number;
  /** How long to wait between two tries; default 20 ms. */
  everyMs?: number;
}

/**
 * Tries until `attempt` neither throws nor rejects, and returns what it returned: for outcomes that nobody announces.
 * Where an event can be awaited, await that instead.
 *
 * @throws what the last try threw, with the time spent in its message
 */
export const eventually = async <T>(attempt: () => T | Promise<T>, patience: Patience = {}): Promise<T> => {
  const { withinMs = 5_000, everyMs = 20 } = patience;
  const started = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (performance.now() - started + everyMs > withinMs) {
        if (thrown instanceof Error) thrown.message += ` (still so after ${withinMs} ms)`;
        throw thrown;
      }
    }
    await sleep(everyMs);
  }
};
