/** The share of a new measurement in the average: the last handful of tasks counts. */
const WEIGHT = 0.3;

/** Nothing takes less: keeps rates finite. */
const LEAST_SECONDS = 1e-6;

/** A running task that takes longer than expected is expected to take this share of its time so far once more. */
const OVERDUE_SHARE = 0.25;

/**
 * Seconds per task after one more measurement, exponentially weighted; `before` is undefined for the first. A
 * measurement that is no time (negative, not finite) changes nothing.
 */
export const learnSeconds = (before: number | undefined, seconds: number): number | undefined => {
  if (!(seconds >= 0 && seconds < Infinity)) {
    return before;
  }
  return before === undefined ? seconds : before + WEIGHT * (seconds - before);
};

/** A user as the estimate sees it. */
export interface Pace {
  /** By measurement; undefined until there is one: such a user counts as an average one. */
  secondsPerTask: number | undefined;
  /** How many tasks it works on at a time. */
  slots: number;
  /** For how many seconds each of its running tasks has been running. */
  runningSeconds: readonly number[];
}

/** How fast a workload goes, and for how long. Undefined is what nobody can know yet. */
export interface Estimate {
  tasksPerSecond: number | undefined;
  etaSeconds: number | undefined;
}

/** A running task's expected seconds to go, where it runs for so many already and one usually takes so many. */
export const secondsLeft = (secondsPerTask: number, running: number): number =>
  Math.max(secondsPerTask - running, OVERDUE_SHARE * running);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** One step of the work: what is left of it, and its users with their speeds at it. */
export interface NodeLeft {
  remaining: number;
  users: readonly Pace[];
}

/**
 * Estimates a graph: as if everybody worked on one node after the other. Unknown as long as a node that has tasks left was
 * measured on nobody. The rate is that of the whole way to the end.
 */
export const estimateNodes = (nodes: readonly NodeLeft[]): Estimate => {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return estimate(only.remaining, only.users);
  const left = nodes.filter(({ remaining }) => remaining > 0);
  const etas = left.flatMap(({ remaining, users }) => estimate(remaining, users).etaSeconds ?? []);
  if (etas.length < left.length) return { tasksPerSecond: undefined, etaSeconds: undefined };
  const etaSeconds = sum(etas);
  const tasks = sum(left.map(({ remaining }) => remaining));
  return { etaSeconds, tasksPerSecond: etaSeconds === 0 ? undefined : tasks / etaSeconds };
};

/**
 * Estimates from the speeds of the users that serve a workload now, and from the tasks that are not done: `remaining`
 * counts waiting, held and running ones. While much is left, it is the remaining work over the sum of rates; at the
 * end, the time that the slowest running task still takes, and never less than the soonest end of a task that is yet
 * to begin. Unknown without users or without any measurement; 0 s where nothing remains.
 */
export const estimate = (remaining: number, users: readonly Pace[]): Estimate => {
  const known = users.flatMap(({ secondsPerTask }) => (secondsPerTask === undefined ? [] : [secondsPerTask]));
  if (known.length === 0) {
    return { tasksPerSecond: undefined, etaSeconds: remaining === 0 ? 0 : undefined };
  }
  const average = sum(known) / known.length;
  const paces = users.map(({ secondsPerTask = average, slots, runningSeconds }) => {
    const seconds = Math.max(secondsPerTask, LEAST_SECONDS);
    return { seconds, slots, left: runningSeconds.map((running) => secondsLeft(seconds, running)) };
  });
  const tasksPerSecond = sum(paces.map(({ seconds, slots }) => slots / seconds));
  if (remaining === 0) {
    return { tasksPerSecond, etaSeconds: 0 };
  }
  const running = sum(paces.map(({ left }) => left.length));
  const toBegin = Math.max(remaining - running, 0);
  const tasksOfWork =
    toBegin + sum(paces.flatMap(({ seconds, left }) => left.map((each) => Math.min(each / seconds, 1))));
  const bySoonest = paces.map(({ seconds, slots, left }) => seconds + (left.length < slots ? 0 : Math.min(...left)));
  const tail = Math.max(0, ...paces.flatMap(({ left }) => left), toBegin > 0 ? Math.min(...bySoonest) : 0);
  return { tasksPerSecond, etaSeconds: Math.max(tasksOfWork / tasksPerSecond, tail) };
};
