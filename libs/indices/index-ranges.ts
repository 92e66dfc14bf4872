/** Every `step`-th index from `first` to `last`, both included; a single index has step 1. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** How many indices of the set come before `first`. */
  readonly ordinal: number;
}

/**
 * Gathers indices into ranges in one pass. Each range is the longest evenly spaced run of at least three indices, a pair of
 * neighbours, or a single index. Equal sets give equal ranges, in whatever pieces the indices came.
 */
export const collectRanges = () => {
  const ranges: IndexRange[] = [];
  let indices = 0;
  // The run that may still grow.
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

  /** Adds `count` indices, every `step`-th from `first`. All must be greater than those before. O(1) amortised. */
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

  /** Returns all ranges. Call it once, after the last index was added. */
  const finish = (): IndexRange[] => {
    const { first, last, step, count } = run;
    if (count === 2 && step > 1) {
      emit(first, first, 1);
      emit(last, last, 1);
    } else if (count > 0) {
      emit(first, last, step);
    }
    return ranges;
  };

  return { add, finish, ranges: () => ranges.length };
};

/** See {@link collectRanges}; `ranges` is the number of ranges so far. */
export type RangeCollector = ReturnType<typeof collectRanges>;
