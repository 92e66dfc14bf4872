import { retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { type DomainError, fromServiceError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';

export interface PatienceOptions {
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  /** No further attempt begins after this. */
  forMs: number;
  /** Whether another attempt can help after this error, the n-th one (from 1). */
  helps: (error: DomainError, failures: number) => boolean;
  onRetry: (error: DomainError, pauseMs: number) => void;
}

const PAUSE = { firstMs: 250, longestMs: 15_000 };

/**
 * Calls a service until it answers. The pauses grow, and are longer if the service asks for that. Rejects
 * with the last attempt's DomainError, or with the signal's reason.
 */
export const patiently = <T>(
  attempt: () => Promise<T>,
  { helps, onRetry, ...options }: PatienceOptions,
): Promise<T> =>
  retry(
    () =>
      attempt().catch((thrown: unknown) => {
        throw fromServiceError(thrown);
      }),
    {
      ...options,
      pause: PAUSE,
      helps: (thrown, failures) => helps(fromServiceError(thrown), failures),
      askedMs: (thrown) => Math.min(fromServiceError(thrown).retryAfterMs ?? 0, PAUSE.longestMs),
      onRetry: (thrown, pauseMs) => onRetry(fromServiceError(thrown), pauseMs),
    },
  );
