/** Every `step`-th index from `first` to `last`, both included; a single index has step 1. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** How many indices of the set come before `first`. */
  readonly ordinal: number;
}

/** Gathers ascending indices into ranges; see {@link collectRanges}. */
export interface RangeCollector {
  /** Adds `count` indices, every `step`-th from `first`, all of them after those added before. O(1) amortised. */
  add(first: number, step: number, count: number): void;
  /** All ranges, once everything was added. */
  finish(): IndexRange[];
  /** How many ranges there are so far. */
  ranges(): number;
}

/**
 * Gathers indices into the fewest ranges that a single pass finds: from the left, the longest evenly spaced run of at
 * least three indices, or of two neighbours; what is in no such run stands alone. Since it depends on the indices alone
 * and not on the pieces that they came in, equal sets come out equal.
 */
export const collectRanges = (): RangeCollector => {
  const ranges: IndexRange[] = [];
  let indices = 0;
  // The run that may still grow: `count` indices, the last of which is `last`.
  let run = { first: 0, last: 0, step: 1, count: 0 };

  const emit = (first: number, last: number, step: number): void => {
    ranges.push({ first, last, step, ordinal: indices });
    indices += (last - first) / step + 1;
  };

  const addOne = (index: number): void => {
    const { first, last, step, count } = run;
    if (count === 0) {
      run = { first: index, last: index, step: 1, count: 1 };
    } else if (count === 1 || index === last + step) {
      run = { first, last: index, step: index - last, count: count + 1 };
    } else if (count > 2 || step === 1) {
      emit(first, last, step);
      run = { first: index, last: index, step: 1, count: 1 };
    } else {
      emit(first, first, 1);
      run = { first: last, last: index, step: index - last, count: 2 };
    }
  };

  const add = (first: number, step: number, count: number): void => {
    for (let added = 0; added < count;) {
      const next = first + added * step;
      if (run.count > 1 && run.step === step && next === run.last + step) {
        run = { ...run, last: first + (count - 1) * step, count: run.count + count - added };
        return;
      }
      addOne(next);
      added += 1;
    }
  };

  const finish = (): IndexRange[] => {
    const { first, last, step, count } = run;
    if (count > 2 || (count === 2 && step === 1) || count === 1) {
      emit(first, last, step);
    } else if (count === 2) {
      emit(first, first, 1);
      emit(last, last, 1);
    }
    return ranges;
  };

  return { add, finish, ranges: () => ranges.length };
};
