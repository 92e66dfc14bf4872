/** Every `step`-th frame from `first` to `last`, both included; a single frame has step 1. */
export interface FrameRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** How many frames of the set come before `first`. */
  readonly ordinal: number;
}

/** Gathers ascending frames into ranges; see {@link collectRanges}. */
export interface RangeCollector {
  /** Adds `count` frames, every `step`-th from `first`, all of them after those added before. O(1) amortised. */
  add(first: number, step: number, count: number): void;
  /** All ranges, once everything was added. */
  finish(): FrameRange[];
  /** How many ranges there are so far. */
  ranges(): number;
}

/**
 * Gathers frames into the fewest ranges that a single pass finds: from the left, the longest evenly spaced run of at
 * least three frames, or of two neighbours; what is in no such run stands alone. Since it depends on the frames alone
 * and not on the pieces that they came in, equal sets come out equal.
 */
export const collectRanges = (): RangeCollector => {
  const ranges: FrameRange[] = [];
  let frames = 0;
  // The run that may still grow: `count` frames, the last of which is `last`.
  let run = { first: 0, last: 0, step: 1, count: 0 };

  const emit = (first: number, last: number, step: number): void => {
    ranges.push({ first, last, step, ordinal: frames });
    frames += (last - first) / step + 1;
  };

  const addOne = (frame: number): void => {
    const { first, last, step, count } = run;
    if (count === 0) {
      run = { first: frame, last: frame, step: 1, count: 1 };
    } else if (count === 1 || frame === last + step) {
      run = { first, last: frame, step: frame - last, count: count + 1 };
    } else if (count > 2 || step === 1) {
      emit(first, last, step);
      run = { first: frame, last: frame, step: 1, count: 1 };
    } else {
      emit(first, first, 1);
      run = { first: last, last: frame, step: frame - last, count: 2 };
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

  const finish = (): FrameRange[] => {
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
