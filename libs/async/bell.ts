import { abortable } from './abortable.ts';

/** Wakes a loop that waits for news. Several rings before the next wait count as one. */
export interface Bell {
  ring(): void;
  /**
   * Resolves at the next ring, or at once if it rang since the last wait; rejects with the signal's reason. It is for one
   * listener: a second one can miss a ring that the first has heard.
   */
  rung(signal?: AbortSignal): Promise<void>;
}

export const createBell = (): Bell => {
  let next = Promise.withResolvers<void>();
  return {
    ring: () => next.resolve(),
    rung: async (signal) => {
      const awaited = next;
      await abortable(awaited.promise, signal);
      if (next === awaited) {
        next = Promise.withResolvers();
      }
    },
  };
};
