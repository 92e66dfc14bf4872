import type { Clock } from '#libs/clock/index.ts';

/** A loop of rounds. */
export interface Repetition extends AsyncDisposable {
  /** Begins no further round and aborts the signal of the running one. Resolves when that one has ended. */
  stop(): Promise<void>;
}

export interface EveryOptions {
  clock: Clock;
  /** From the end of a round to the beginning of the next. */
  everyMs: number;
  /** The same after a round that failed; default `everyMs`. */
  afterFailureMs?: number;
  /** Whether a pause comes before the first round; default false: it begins at once. */
  isPauseFirst?: boolean;
  /** Gets the error of a failed round, except after a stop. The next round comes anyway. Default: errors are ignored. */
  onFailure?: (thrown: unknown) => void;
}

/** Repeats `round` until it is stopped. Rounds never overlap. */
export const every = (
  { clock, everyMs, afterFailureMs = everyMs, isPauseFirst = false, onFailure }: EveryOptions,
  round: (signal: AbortSignal) => unknown,
): Repetition => {
  const stopped = new AbortController();
  const { signal } = stopped;
  const run = async (): Promise<void> => {
    let pauseMs = isPauseFirst ? everyMs : undefined;
    for (;;) {
      if (pauseMs !== undefined) await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      pauseMs = everyMs;
      try {
        await round(signal);
      } catch (thrown) {
        pauseMs = afterFailureMs;
        if (!signal.aborted) onFailure?.(thrown);
      }
    }
  };
  const running = run();
  const stop = (): Promise<void> => {
    stopped.abort();
    return running;
  };
  return { stop, [Symbol.asyncDispose]: stop };
};
