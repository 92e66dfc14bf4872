import pLimit from 'p-limit';
import { abortable } from '#libs/async/index.ts';

/** Runs a limited number of works at once; the others wait in order. */
export const createGate = (places: number) => {
  const limit = pLimit(places);
  return {
    /** Waits for a turn and runs `work`. Rejects with the signal's reason if it aborts before the turn. */
    async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      const begun = Promise.withResolvers<void>();
      const done = limit(async () => {
        begun.resolve();
        signal.throwIfAborted();
        return await work();
      });
      done.catch(() => undefined);
      await abortable(begun.promise, signal);
      // From here on the work itself listens to the signal; it cleans up before it rejects.
      return await done;
    },
  };
};
