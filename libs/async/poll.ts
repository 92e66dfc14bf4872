import type { Clock } from '#libs/clock/index.ts';

interface PollOptions {
  clock: Clock;
  /** From one look to the next. */
  everyMs: number;
  /** Its abort rejects with its reason. */
  signal?: AbortSignal;
  /** How long it looks at most; default: no limit. */
  withinMs?: number;
}

type Nothing = undefined | false;

/** Looks again and again until `look` gives something other than undefined or false. It is for states without an event. */
export function poll<T>(
  look: () => T | Promise<T>,
  options: PollOptions & { withinMs?: undefined },
): Promise<Exclude<T, Nothing>>;
/** The same with a time limit: after that it gives the result of the last look, whatever it is. */
export function poll<T>(look: () => T | Promise<T>, options: PollOptions): Promise<T>;
export async function poll<T>(
  look: () => T | Promise<T>,
  { clock, everyMs, signal, withinMs = Infinity }: PollOptions,
): Promise<T> {
  const until = clock.monotonic() + withinMs;
  for (;;) {
    const seen = await look();
    if ((seen !== undefined && seen !== false) || clock.monotonic() >= until) {
      return seen;
    }
    await clock.sleep(everyMs, signal);
  }
}
