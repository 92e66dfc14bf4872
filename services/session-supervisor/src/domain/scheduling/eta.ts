/** The weight of a new measurement in the average. With it, mainly the last handful of tasks counts. */
const WEIGHT = 0.3;

/** The least time of a task. It keeps rates finite. */
const MIN_SECONDS = 1e-6;

/** If a task runs longer than expected, its remaining time is estimated as this share of its time so far. */
const OVERDUE_SHARE = 0.25;

/** The weighted average after one more measurement. A negative or infinite one changes nothing. */
export const learnSeconds = (before: number | undefined, seconds: number): number | undefined => {
  if (!(seconds >= 0 && seconds < Infinity)) {
    return before;
  }
  return before === undefined ? seconds : before + WEIGHT * (seconds - before);
};

export interface Pace {
  /** Measured; undefined before the first measurement, and then the user counts as an average one. */
  secondsPerTask: number | undefined;
  slots: number;
  runningSeconds: readonly number[];
}

/** The speed and the remaining time of a workload. A value that cannot be known yet is undefined. */
export interface Estimate {
  tasksPerSecond: number | undefined;
  etaSeconds: number | undefined;
}

/** The expected remaining seconds of a task that has run for `running` seconds, if a task usually takes `secondsPerTask`. */
export const secondsLeft = (secondsPerTask: number, running: number): number =>
  Math.max(secondsPerTask - running, OVERDUE_SHARE * running);

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);

interface NodeLeft {
  remaining: number;
  /** How much dearer the remaining tasks are than those that were measured; 1 if nothing is known. */
  costRatio: number;
  users: readonly Pace[];
}

/** Estimates a graph as if all users worked on one node after the other. Unknown while a node has tasks and no measurement. */
export const estimateNodes = (nodes: readonly NodeLeft[]): Estimate => {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) {
    return estimate(only.remaining, only.users, only.costRatio);
  }
  const left = nodes.filter(({ remaining }) => remaining > 0);
  const etas = left.flatMap(
    ({ remaining, users, costRatio }) => estimate(remaining, users, costRatio).etaSeconds ?? [],
  );
  if (etas.length < left.length) {
    return { tasksPerSecond: undefined, etaSeconds: undefined };
  }
  const etaSeconds = sum(etas);
  const tasks = sum(left.map(({ remaining }) => remaining));
  return { etaSeconds, tasksPerSecond: etaSeconds === 0 ? undefined : tasks / etaSeconds };
};

/**
 * Estimates one node from the speeds of its present users. `remaining` counts waiting, held and running tasks. The time is
 * the remaining work over the sum of rates, but at least that of the slowest running task and of the soonest next one.
 */
export const estimate = (remaining: number, users: readonly Pace[], costRatio = 1): Estimate => {
  const known = users.flatMap(({ secondsPerTask }) =>
    secondsPerTask === undefined ? [] : [secondsPerTask],
  );
  if (known.length === 0) {
    return { tasksPerSecond: undefined, etaSeconds: remaining === 0 ? 0 : undefined };
  }
  const average = sum(known) / known.length;
  const paces = users.map(({ secondsPerTask = average, slots, runningSeconds }) => {
    const seconds = Math.max(secondsPerTask, MIN_SECONDS);
    return { seconds, slots, left: runningSeconds.map((running) => secondsLeft(seconds, running)) };
  });
  const tasksPerSecond = sum(paces.map(({ seconds, slots }) => slots / seconds));
  if (remaining === 0) {
    return { tasksPerSecond, etaSeconds: 0 };
  }
  const running = sum(paces.map(({ left }) => left.length));
  const toBegin = Math.max(remaining - running, 0);
  const tasksOfWork =
    toBegin +
    sum(paces.flatMap(({ seconds, left }) => left.map((each) => Math.min(each / seconds, 1))));
  const bySoonest = paces.map(
    ({ seconds, slots, left }) => seconds + (left.length < slots ? 0 : Math.min(...left)),
  );
  const tail = Math.max(
    0,
    ...paces.flatMap(({ left }) => left),
    toBegin > 0 ? Math.min(...bySoonest) : 0,
  );
  return { tasksPerSecond, etaSeconds: Math.max((tasksOfWork * costRatio) / tasksPerSecond, tail) };
};
