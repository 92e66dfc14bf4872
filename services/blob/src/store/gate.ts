import pLimit from 'p-limit';
import { abortable } from '#libs/async/index.ts';

export interface Gate {
  /** Waits for a turn and runs `work`. Rejects with the signal's reason if it aborts before the turn. */
  pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export const createGate = (places: number): Gate => {
  const limit = pLimit(places);
  return {
    async pass(signal, work) {
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
