/** How pauses grow from one failure to the next. */
export interface Backoff {
  /** The pause after the first failure; it doubles with each further one. */
  firstMs: number;
  longestMs: number;
}

/**
 * The pause after the `failures`-th failure in a row (from 1; 0 counts as 1).
 *
 * @param float a random number in [0, 1) that takes up to half of the pause away, because many that failed at the same
 *   moment must not come back at the same moment; default 1: the whole pause
 */
export const backoffMs = ({ firstMs, longestMs }: Backoff, failures: number, float = 1): number =>
  // 2 ** 1023 is the largest power that is a number.
  Math.min(firstMs * 2 ** Math.min(Math.max(failures - 1, 0), 100), longestMs) * (0.5 + float / 2);
