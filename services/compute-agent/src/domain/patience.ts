/** What decides how long an outcome waits on this machine for blob. */
interface Stored {
  kind: string;
  seconds?: number | undefined;
  resumedAttempt?: string | undefined;
  parts?: unknown;
}

/** If blob is away for longer, the task fails here and another user tries it, unless it was long work. */
const RESULT_MS = 15 * 60_000;
const LOG_MS = 15_000;
/** Work that took longer is not done again because of that: its result waits on this disk for as long as it takes. */
const LONG_WORK_SECONDS = 600;

/** How long the result of a task, or the log of a failure, waits for blob. */
export const patienceMs = ({ kind, seconds = 0, resumedAttempt, parts }: Stored): number => {
  if (kind !== 'completed') {
    return LOG_MS;
  }
  const isLong = seconds > LONG_WORK_SECONDS || resumedAttempt !== undefined;
  return isLong || parts !== undefined ? Infinity : RESULT_MS;
};
