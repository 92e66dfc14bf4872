import type { Clock } from '#libs/clock/index.ts';
import { type DomainError, fromServiceError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';

export interface RetryOptions {
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  /** No further try begins after this. */
  forMs: number;
  /** Whether trying again can help after this error, the n-th one (from 1). */
  helps: (error: DomainError, failures: number) => boolean;
  onRetry?: (error: DomainError, pauseMs: number) => void;
}

const FIRST_MS = 250;
const LONGEST_MS = 15_000;

/** Tries until it works, with growing pauses. Rejects with the last try's error, as DomainError, or the signal's reason. */
export const retry = async <T>(
  attempt: () => Promise<T>,
  { clock, random, signal, forMs, helps, onRetry }: RetryOptions,
): Promise<T> => {
  const until = clock.monotonic() + forMs;
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      signal.throwIfAborted();
      const error = fromServiceError(thrown);
      const usual = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS) * (0.5 + random.float() / 2);
      const pauseMs = Math.max(usual, Math.min(error.retryAfterMs ?? 0, LONGEST_MS));
      if (!helps(error, failures) || clock.monotonic() + pauseMs > until) {
        throw error;
      }
      onRetry?.(error, pauseMs);
      await clock.sleep(pauseMs, signal);
    }
  }
};
