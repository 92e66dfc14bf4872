/** How pauses grow from one failure to the next. */
export interface Backoff {
  /** The pause after the first failure; it doubles with each further one. */
  firstMs: number;
  longestMs: number;
}

/**
 * The pause after the `failures`-th failure in a row (from 1; 0 counts as 1).
 *
 * @param float a random number in [0, 1) that shortens the pause by up to half, because clients that failed together must
 *   not return together; default 1: the whole pause
 */
export const backoffMs = ({ firstMs, longestMs }: Backoff, failures: number, float = 1): number =>
  // 2 ** 1024 would be infinite, and 0 times that is no number.
  Math.min(firstMs * 2 ** Math.min(Math.max(failures - 1, 0), 100), longestMs) * (0.5 + float / 2);
