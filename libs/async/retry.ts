import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import { type Backoff, backoffMs } from './backoff.ts';

export interface RetryOptions {
  clock: Clock;
  /** Shortens the pauses at random; default: whole pauses. */
  random?: Random;
  /** Its abort ends pauses and attempts: `retry` rejects with its reason. */
  signal?: AbortSignal;
  pause: Backoff;
  /** No further attempt begins after this; default: no limit. */
  forMs?: number;
  /** Whether another attempt can help after this error, the n-th one (from 1); default: always. */
  helps?: (thrown: unknown, failures: number) => boolean;
  /** The shortest pause that an error asks for; default 0. */
  askedMs?: (thrown: unknown) => number | undefined;
  /** Called before each pause. */
  onRetry?: (thrown: unknown, pauseMs: number) => void;
}

/** Calls `attempt` until it resolves. Rejects with the error of the last attempt, or with the signal's reason. */
export const retry = async <T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> => {
  const { clock, random, signal, pause, forMs = Infinity, helps, askedMs, onRetry } = options;
  const until = clock.monotonic() + forMs;
  for (let failures = 1; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      signal?.throwIfAborted();
      const pauseMs = Math.max(backoffMs(pause, failures, random?.float()), askedMs?.(thrown) ?? 0);
      if (helps?.(thrown, failures) === false || clock.monotonic() + pauseMs > until) {
        throw thrown;
      }
      onRetry?.(thrown, pauseMs);
      await clock.sleep(pauseMs, signal);
    }
  }
};
