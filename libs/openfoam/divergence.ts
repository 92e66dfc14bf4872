import type { LogRow } from './log-reader.ts';

/** The first step at which a computation shows that it runs away. */
export interface DivergenceSign {
  step: number;
  time: string;
  at: number;
  /** The series that shows it: `Ux`, `courant_max`. */
  field: string;
  /** For people: what it shows. */
  text: string;
}

/** Solves that fail in so many steps in a row are no accident. */
const STEPS_IN_A_ROW = 3;
/** A solve that ends this much worse than it began is a sign by itself. */
const WORSE_BY = 1e6;
/** The same of Courant numbers above their median. At rest the median is almost 0, so they must also be great by themselves. */
const COURANT_ABOVE = 1e3;
const COURANT_GREAT = 100;
/** Time steps that shrink to this part of the first will not end. */
const DELTA_T_BELOW = 1e-6;
const BOUNDED_GREAT = 1e30;
/** After so many steps without a sign, the ones before were none. */
const RECOVERED_AFTER = 50;
/** The median is that of so many steps, from the beginning. */
const MAX_COURANTS = 1_001;
const MIN_COURANTS = 5;

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

const notFinite = (row: LogRow): [string, number] | undefined => {
  for (const [name, value] of row.values) {
    if (!Number.isFinite(value)) {
      return [name, value];
    }
  }
  const worst = row.struggles.find(
    ({ initial, final }) => !Number.isFinite(initial) || !Number.isFinite(final),
  );
  return worst && [worst.series, worst.final];
};

/**
 * Watches the steps of a solver for signs of divergence, and keeps the first of those that last. Explicit solvers print a residual of 0 for ever, so
 * residuals that stay are none. A sign ends nothing: some computations recover.
 */
export const createDivergenceWatch = () => {
  let sign: DivergenceSign | undefined;
  let firstDeltaT: number | undefined;
  let struggling = 0;
  let numberless = 0;
  let lastStep = 0;
  const courants: number[] = [];

  const seen = (row: LogRow): Pick<DivergenceSign, 'field' | 'text'> | undefined => {
    const nothing = notFinite(row);
    numberless = nothing === undefined ? 0 : numberless + 1;
    if (nothing !== undefined) {
      return { field: nothing[0], text: `${nothing[0]} is ${nothing[1]}` };
    }
    const [first] = row.struggles;
    struggling = first === undefined ? 0 : struggling + 1;
    const worst = row.struggles.find(
      ({ initial, final }) => final > WORSE_BY * Math.max(initial, 1),
    );
    if (worst !== undefined) {
      const { series, initial, final } = worst;
      return { field: series, text: `the residual of ${series} went from ${initial} to ${final}` };
    }
    if (first !== undefined && struggling >= STEPS_IN_A_ROW) {
      const text = `${first.series} was not solved in ${struggling} steps in a row`;
      return { field: first.series, text };
    }
    const most = [...row.bounded].find(([, value]) => value > BOUNDED_GREAT);
    if (most !== undefined) {
      return { field: most[0], text: `${most[0]} was bounded at ${most[1]}` };
    }
    const courant = row.values.get('courant_max');
    if (courant !== undefined) {
      if (
        courant > COURANT_GREAT &&
        courants.length >= MIN_COURANTS &&
        courant > COURANT_ABOVE * median(courants)
      ) {
        return { field: 'courant_max', text: `the Courant number rose to ${courant}` };
      }
      if (courants.length < MAX_COURANTS) {
        courants.push(courant);
      }
    }
    const deltaT = row.values.get('delta_t');
    firstDeltaT ??= deltaT;
    if (deltaT !== undefined && firstDeltaT !== undefined && deltaT < DELTA_T_BELOW * firstDeltaT) {
      return { field: 'delta_t', text: `the time step fell to ${deltaT}` };
    }
    return undefined;
  };

  return {
    see: (row: LogRow): void => {
      const { step, time, at } = row;
      const what = seen(row);
      if (what !== undefined) {
        lastStep = step;
        sign ??= { step, time, at, ...what };
      } else if (step - lastStep > RECOVERED_AFTER) {
        sign = undefined;
      }
    },
    sign: (): DivergenceSign | undefined => sign,
    /** It computes without numbers: nothing that is still to come can be right. */
    isHopeless: (): boolean => numberless >= STEPS_IN_A_ROW,
  };
};
