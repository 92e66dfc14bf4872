import { DomainError, status } from '#libs/errors/index.ts';
import { MAX_INDICES } from '#libs/mesh/index.ts';
import { collectRanges, type IndexRange } from './index-ranges.ts';

/** The highest index, which is Blender's highest frame. */
export const MAX_INDEX = 1_048_574;

/** A set of indices that is not empty, as ascending ranges that do not interleave. Equal sets have equal ranges. */
export interface IndexSet {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly ranges: readonly IndexRange[];
}

/**
 * INVALID_ARGUMENT `FRAMES_INVALID`: `position` counts characters from 1, `expected` says what belongs there. The
 * errors name the field `frames` of the requests for every kind of work.
 */
export const indicesInvalid = (
  position: number,
  expected: string,
  found: string,
  examples = '1-100, 1-100x5 or 3,7,20-30',
): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_INVALID',
    `frames: expected ${expected} at character ${position}, found ${found}; write for example ${examples}`,
    { position, expected, found },
  );

export const indicesTooMany = (max: number): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_TOO_MANY',
    `a workload has at most ${max} tasks; split it, or take every second index (1-1000000x2)`,
    { max },
  );

/** INVALID_ARGUMENT `FRAMES_TOO_COMPLEX`: the text is too long or has too many pieces; `detail` says which. */
export const indicesTooComplex = (detail: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_TOO_COMPLEX',
    `frames: ${detail}; write fewer and longer ranges, or split the workload`,
    { detail },
  );

/** All indices from `first` to `last`. Throws `FRAMES_TOO_MANY`. */
export const indicesBetween = (first: number, last: number): IndexSet => {
  const count = last - first + 1;
  if (count > MAX_INDICES) {
    throw indicesTooMany(MAX_INDICES);
  }
  return { count, first, last, ranges: [{ first, last, step: 1, ordinal: 0 }] };
};

/** The last range whose `key` is at most `value`; undefined if there is none. */
const lastAtMost = (
  ranges: readonly IndexRange[],
  key: 'first' | 'ordinal',
  value: number,
): IndexRange | undefined => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[key] ?? Infinity) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return ranges[low - 1];
};

const rangeAt = ({ ranges, count }: IndexSet, ordinal: number): IndexRange => {
  const range = lastAtMost(ranges, 'ordinal', ordinal);
  if (!range || ordinal >= count) {
    throw new RangeError(`no index has the ordinal ${ordinal} of ${count}`);
  }
  return range;
};

/** The index that has `ordinal` indices of the set before it. Throws RangeError outside 0 … count − 1. O(log ranges). */
export const indexAt = (indices: IndexSet, ordinal: number): number => {
  const range = rangeAt(indices, ordinal);
  return range.first + (ordinal - range.ordinal) * range.step;
};

/** The inverse of {@link indexAt}; undefined if the index is not in the set. O(log ranges). */
export const ordinalOf = (indices: IndexSet, index: number): number | undefined => {
  const range = lastAtMost(indices.ranges, 'first', index);
  if (!range || index > range.last) {
    return undefined;
  }
  const steps = (index - range.first) / range.step;
  return Number.isInteger(steps) ? range.ordinal + steps : undefined;
};

/** The indices in ascending order, one at a time. */
export function* indicesOf({ ranges }: IndexSet): Generator<number> {
  for (const { first, last, step } of ranges) {
    for (let index = first; index <= last; index += step) {
      yield index;
    }
  }
}

const rangeToText = ({ first, last, step }: IndexRange): string => {
  if (first === last) {
    return String(first);
  }
  return step === 1 ? `${first}-${last}` : `${first}-${last}x${step}`;
};

/** The set in its normal form, such as `1-40,41-60x2`. It has no blanks, so people can paste it into a command line. */
export const indicesToText = ({ ranges }: Pick<IndexSet, 'ranges'>): string =>
  ranges.map(rangeToText).join(',');

/** The text of these ascending ordinals; `''` for none. Throws RangeError outside the set. O(log ranges) for each run. */
export const subsetToText = (
  indices: IndexSet,
  ordinals: Iterable<Pick<IndexRange, 'first' | 'last'>>,
): string => {
  const collector = collectRanges();
  for (const { first, last } of ordinals) {
    for (let ordinal = first; ordinal <= last;) {
      const range = rangeAt(indices, ordinal);
      const index = range.first + (ordinal - range.ordinal) * range.step;
      const count = Math.min(last - ordinal, (range.last - index) / range.step) + 1;
      collector.add(index, range.step, count);
      ordinal += count;
    }
  }
  return indicesToText({ ranges: collector.finish() });
};
