/** A frame that one user needs less time for is not worth the way. */
export const SLOW_SECONDS = 60;

/** Before so much of a task is done, its engine's estimate says little. */
const MIN_ELAPSED_SECONDS = 5;

/** What opening the scene elsewhere, the way of the results, and putting them together takes at most, more or less. */
const WAY_SECONDS = 10;

export interface Slow {
  /** How long its user has worked on it, and needs for the rest. */
  elapsedSeconds: number;
  remainingSeconds: number;
  /** How many results are open, and how many users there are for them. */
  open: number;
  users: number;
  /** How many tasks sleep that would make it. */
  asleep: number;
}

/** Whether a task is done sooner if its user drops what it has and all users do the tasks that sleep for it. */
export const isWorthSplitting = ({
  elapsedSeconds,
  remainingSeconds,
  open,
  users,
  asleep,
}: Slow): boolean => {
  const whole = elapsedSeconds + remainingSeconds;
  const share = Math.max(open / users, 1 / asleep);
  return (
    elapsedSeconds >= MIN_ELAPSED_SECONDS &&
    whole > SLOW_SECONDS &&
    open < users &&
    share * whole + WAY_SECONDS < remainingSeconds
  );
};
