import { abortable } from './abortable.ts';

/** Says that there is something new. Rings that nobody has waited for yet count as one. */
export interface Bell {
  ring(): void;
  /**
   * Resolves at the next ring, or at once if it rang since this resolved last; rejects with the signal's reason. For one
   * listener: of several, one that comes late misses the ring that another one has heard.
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
      if (next === awaited) next = Promise.withResolvers();
    },
  };
};
