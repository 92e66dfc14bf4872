/** A longer step means that this process hung. Time that it could not observe does not count. */
const MAX_STEP_MS = 1_000;

/** Time that passes only while it was fair to expect answers from everybody. */
export const createHealthyTime = () => {
  let last: { atMs: number; isHealthy: boolean } | undefined;
  let total = 0;
  return {
    /** Milliseconds so far. Call it often: a step counts for at most a second. */
    now(monotonicMs: number, isHealthy: boolean): number {
      if (last?.isHealthy === true && isHealthy) {
        total += Math.min(MAX_STEP_MS, monotonicMs - last.atMs);
      }
      last = { atMs: monotonicMs, isHealthy };
      return total;
    },
  };
};
