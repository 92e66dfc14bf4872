import { backoffMs } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import { isTransient, outage } from './failures.ts';
import type { Invocation } from './invocation.ts';

const PAUSE = { firstMs: 250, longestMs: 5_000 };

/** How long to wait before the next try, in milliseconds: what the server asked for, or a growing span with jitter. */
export const retryDelayMs = (
  failures: number,
  askedMs: number | undefined,
  random: number,
): number => Math.max(askedMs ?? 0, backoffMs(PAUSE, failures, random));

export interface PatienceOptions {
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  /** After so long without success the last error is thrown. */
  patienceMs: number;
  /** Told once per outage, before the first wait. */
  onOutage?: (error: Error) => void;
}

/** The patience of a command: an outage is told by `note`, as the command's own messages are. */
export const patienceOf = (
  { cli, output }: Invocation,
  patienceMs: number,
  note = (text: string): void => output.note(text),
): PatienceOptions => {
  const { clock, random, interrupt: signal } = cli;
  return { clock, random, signal, patienceMs, onOutage: (error) => note(outage(error)) };
};

/** Short, because nothing is lost if the command ends before it started anything. */
const START_PATIENCE_MS = 20_000;

/** The patience of a command that hands something in or starts it. */
export const startPatience = (invocation: Invocation): PatienceOptions =>
  patienceOf(invocation, START_PATIENCE_MS);

/** Counts an outage from its first failure on; a success ends it. */
export const createPatience = (options: PatienceOptions) => {
  const { clock, random, signal, patienceMs, onOutage } = options;
  let failures = 0;
  let sinceMs = 0;
  return {
    worked: (): void => {
      failures = 0;
    },
    /** Waits before the next try. Throws the error again if it will not pass, or if patience is over. */
    failed: async (error: unknown): Promise<void> => {
      if (signal.aborted || !isTransient(error)) {
        throw error;
      }
      if (failures === 0) {
        sinceMs = clock.monotonic();
        if (error instanceof Error) {
          onOutage?.(error);
        }
      }
      if (clock.monotonic() - sinceMs > patienceMs) {
        throw error;
      }
      failures += 1;
      const askedMs = isDomainError(error) ? error.retryAfterMs : undefined;
      await clock.sleep(retryDelayMs(failures, askedMs, random.float()), signal);
    },
  };
};

/** Calls `attempt` until it works; it must be safe to repeat. */
export const persistently = async <T>(
  options: PatienceOptions,
  attempt: () => Promise<T>,
): Promise<T> => {
  const patience = createPatience(options);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await patience.failed(error);
    }
  }
};
