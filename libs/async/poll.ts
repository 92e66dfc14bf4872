import type { Clock } from '#libs/clock/index.ts';

export interface PollOptions {
  clock: Clock;
  /** From one look to the next. */
  everyMs: number;
  /** Ends it: it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** After so long the last look counts, whatever it saw; default: no limit. */
  withinMs?: number;
}

type Nothing = undefined | false;

/** Looks, and looks again, until there is something to see; answers that. For what nobody announces. */
export function poll<T>(
  look: () => T | Promise<T>,
  options: PollOptions & { withinMs?: undefined },
): Promise<Exclude<T, Nothing>>;
/** The same with a limit: answers what the last look answered, undefined or false where that came to nothing. */
export function poll<T>(look: () => T | Promise<T>, options: PollOptions): Promise<T>;
export async function poll<T>(
  look: () => T | Promise<T>,
  { clock, everyMs, signal, withinMs = Infinity }: PollOptions,
): Promise<T> {
  const until = clock.monotonic() + withinMs;
  for (;;) {
    const seen = await look();
    if ((seen !== undefined && seen !== false) || clock.monotonic() >= until) return seen;
    await clock.sleep(everyMs, signal);
  }
}
