const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** So many failures in a row, and it is given up. */
export const MOST_FAILURES = 5;
/** Whoever ran for so long after it was ready did not fail to start. */
const STEADY_MS = 10_000;

/** How a run of a program came to its end. */
export interface Run {
  /** How long it was ready; undefined: it never was. */
  readyMs: number | undefined;
  /** null: ended by a signal. undefined: nobody could ask. */
  exitCode: number | null | undefined;
}

/** Whether a program that ended did what it was there for: a server that ends after each client ends well. */
export const isFailure = ({ readyMs, exitCode }: Run): boolean =>
  readyMs === undefined || (readyMs < STEADY_MS && exitCode !== 0 && exitCode !== undefined);

/** What comes after the `failures`th failure in a row, or after a good end (0): a delay in milliseconds, or giving it up. */
export const afterEnd = (failures: number): { delayMs: number } | 'give-up' =>
  failures >= MOST_FAILURES
    ? 'give-up'
    : { delayMs: Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1)) };
