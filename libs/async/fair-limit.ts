import { createLimit } from './in-parallel.ts';

/** Runs `work` when it is the turn of who wants it. */
export type FairLimit = <T>(who: string, work: () => Promise<T>) => Promise<T>;

/**
 * Runs work of many callers, at most `atOnce` at a time and one of each caller: whoever wants a hundred things holds one place, and waits
 * behind the first of everybody else with the second.
 */
export const createFairLimit = (atOnce: number): FairLimit => {
  const all = createLimit(atOnce);
  const limits = new Map<string, ReturnType<typeof createLimit>>();
  return async (who, work) => {
    const own = limits.get(who) ?? createLimit(1);
    limits.set(who, own);
    try {
      return await own(() => all(work));
    } finally {
      if (own.activeCount + own.pendingCount === 0) {
        limits.delete(who);
      }
    }
  };
};
