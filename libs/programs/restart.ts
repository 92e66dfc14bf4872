import { type Backoff, backoffMs } from '#libs/async/index.ts';

/** When a program that ended is started again. */
export interface RestartPolicy {
  pause: Backoff;
  /** A run that was ready for so long did not fail to start. */
  steadyMs: number;
  /** So many failures in a row, and it is given up. */
  mostFailures: number;
}

/** How a run of a program came to its end. */
export interface Run {
  /** How long it was ready; undefined: it never was. */
  readyMs: number | undefined;
  /** null: ended by a signal. undefined: nobody could ask. */
  exitCode: number | null | undefined;
}

/** Whether a run failed. A server that ends after each client ends well. */
export const isFailure = ({ steadyMs }: RestartPolicy, { readyMs, exitCode }: Run): boolean =>
  readyMs === undefined || (readyMs < steadyMs && exitCode !== 0 && exitCode !== undefined);

/** What comes after the `failures`th failure in a row, or after a good end (0): a pause in milliseconds, or giving it up. */
export const afterEnd = (
  { pause, mostFailures }: RestartPolicy,
  failures: number,
): { pauseMs: number } | 'give-up' =>
  failures >= mostFailures ? 'give-up' : { pauseMs: backoffMs(pause, failures) };
