/**
 * How fast one user finishes the tasks of one node. It goes by the time between results, because hand-outs, uploads and reports
 * take their time too: of tasks that take 20 ms it may be most. It changes in place.
 */
export interface Meter {
  /** All results so far. */
  results: number;
  /** When the last one came, monotonic milliseconds. */
  lastAt: number;
  /** Results since the user was warm; older ones count less. */
  count: number;
  /** The seconds that these took, in which the user had work; older ones count less. */
  seconds: number;
  /** The sum of their places; older ones count less. */
  places: number;
  /** Sums over all results since the user was warm, for {@link trendOf}. */
  trend: Sums;
}

/** Sums of a linear regression of seconds of work (y) on the place of the task in its node, 0 to 1 (x). */
interface Sums {
  n: number;
  x: number;
  y: number;
  xx: number;
  xy: number;
  yy: number;
}

/** The measurement remembers at least so many results, and at least those of so many seconds. */
const MEMORY_RESULTS = 6;
const MEMORY_SECONDS = 5;

export const newMeter = (): Meter => ({
  results: 0,
  lastAt: 0,
  count: 0,
  seconds: 0,
  places: 0,
  trend: { n: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 },
});

export interface Finished {
  /** Monotonic milliseconds. */
  at: number;
  /** Since when the user has had work without a pause, monotonic milliseconds. */
  busySince: number;
  slots: number;
  /** The task's place in its node, 0 to 1. */
  place: number;
  /** Seconds of work, as the user reports them. */
  seconds: number;
}

/**
 * Takes one more result. The first of each slot only starts the clock, because before it a user fetches and opens the input;
 * so do those that come with them in one report.
 */
export const measure = (meter: Meter, { at, busySince, slots, place, seconds }: Finished): void => {
  meter.results += 1;
  const isWarm = meter.results > slots && (meter.count > 0 || at > meter.lastAt);
  if (isWarm) {
    const passed = Math.max(0, at - Math.max(meter.lastAt, busySince)) / 1_000;
    const kept = Math.max(1 - 1 / MEMORY_RESULTS, Math.exp(-passed / MEMORY_SECONDS));
    meter.count = meter.count * kept + 1;
    meter.seconds = meter.seconds * kept + passed;
    meter.places = meter.places * kept + place;
    const { trend } = meter;
    trend.n += 1;
    trend.x += place;
    trend.y += seconds;
    trend.xx += place * place;
    trend.xy += place * seconds;
    trend.yy += seconds * seconds;
  }
  meter.lastAt = at;
};

/** Seconds from one result to the next, of all slots together; undefined before two reports after warming up. */
export const secondsPerResult = (meter: Meter | undefined): number | undefined =>
  meter !== undefined && meter.count > 0 && meter.seconds > 0
    ? meter.seconds / meter.count
    : undefined;

/** How much dearer later tasks are: the change of a task's cost from the first place to the last, as a share of the mean. */
export interface Trend {
  /** 0 if nothing is proven. */
  slope: number;
  /** The mean place of the results. */
  place: number;
}

/** A slope counts as far as it exceeds its standard error this many times. Guesses from noise would do more harm than none. */
const MIN_ERRORS = 3;

/**
 * The trend within each user's results, pooled: the slope of the least squares of seconds over places, where each user counts
 * by its own mean, because fast and slow machines would pass for a trend.
 */
export const trendOf = (meters: readonly Meter[]): Trend => {
  let [n, users, places, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  for (const { trend } of meters) {
    const mean = trend.y / Math.max(trend.n, 1);
    n += trend.n;
    places += trend.x;
    if (trend.n > 1 && mean > 0) {
      users += 1;
      xx += trend.xx - trend.x ** 2 / trend.n;
      xy += (trend.xy - (trend.x * trend.y) / trend.n) / mean;
      yy += (trend.yy - trend.y ** 2 / trend.n) / mean ** 2;
    }
  }
  const place = n === 0 ? 0 : places / n;
  const freedom = n - users - 1;
  if (freedom < 2 || xx <= 0) {
    return { slope: 0, place };
  }
  const slope = xy / xx;
  const error = Math.sqrt(Math.max(0, yy - slope * xy) / freedom / xx);
  const proven = Math.max(0, Math.abs(slope) - MIN_ERRORS * error);
  return { slope: Math.sign(slope) * proven, place };
};

/** The furthest that a trend is believed. */
const MAX_RATIO = 3;

/** How much dearer tasks at one mean place are than those at another. */
export const costRatio = ({ slope, place }: Trend, of: number, than: number): number => {
  const cost = (at: number): number => Math.max(0, 1 + slope * (at - place));
  const [dear, cheap] = [cost(of), cost(than)];
  return cheap === 0 ? 1 : Math.min(MAX_RATIO, Math.max(1 / MAX_RATIO, dear / cheap));
};
