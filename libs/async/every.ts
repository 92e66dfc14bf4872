import type { Clock } from '#libs/clock/index.ts';

/** A loop of rounds. */
export interface Repetition extends AsyncDisposable {
  /** Cuts the pause short: the next round begins at once, or right after the running one. */
  hurry: () => void;
  /** Begins no further round and aborts the signal of the running one. Resolves when that one has ended. */
  stop: () => Promise<void>;
}

interface EveryOptions {
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
  let pause = new AbortController();
  const run = async (): Promise<void> => {
    let pauseMs = isPauseFirst ? everyMs : undefined;
    for (;;) {
      if (pauseMs !== undefined) {
        await clock.sleep(pauseMs, pause.signal).catch(() => undefined);
      }
      if (signal.aborted) {
        return;
      }
      pause = new AbortController();
      pauseMs = everyMs;
      try {
        await round(signal);
      } catch (thrown) {
        pauseMs = afterFailureMs;
        if (!signal.aborted) {
          onFailure?.(thrown);
        }
      }
    }
  };
  const running = run();
  const hurry = (): void => pause.abort();
  const stop = (): Promise<void> => {
    stopped.abort();
    hurry();
    return running;
  };
  return { hurry, stop, [Symbol.asyncDispose]: stop };
};
