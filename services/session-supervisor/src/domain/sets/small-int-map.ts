import type { OrdinalRange } from './bitmap.ts';
import { packRow, snapshotUnreadable, unpackRow } from './packed-row.ts';
import {
  checkOrdinal,
  emptyRow,
  itemAt,
  nextItem,
  withItem,
  type SparseRow,
} from './sparse-row.ts';

/** The highest value: values are stored in 16 bits. */
const MAX_VALUE = 65_535;

/** An immutable map from ordinals 0 … `size` − 1 to values 0 … 65,535, where 0 means "none". Equal maps are deeply equal. */
export interface SmallIntMap {
  readonly size: number;
  readonly values: SparseRow<number>;
}

export interface SmallIntMapJson {
  size: number;
  values: string;
}

/** A map of `size` ordinals without values. */
export const emptySmallIntMap = (size: number): SmallIntMap => ({
  size,
  values: emptyRow(size, 0),
});

/** The value of an ordinal; 0 if it has none or is outside the size. */
export const valueAt = ({ size, values }: SmallIntMap, ordinal: number): number =>
  ordinal >>> 0 === ordinal && ordinal < size ? itemAt(values, ordinal) : 0;

/** The map with another value for an ordinal. Throws RangeError outside the size or the range of values. */
export const withValue = (map: SmallIntMap, ordinal: number, value: number): SmallIntMap => {
  checkOrdinal(map.size, ordinal);
  if (value >>> 0 !== value || value > MAX_VALUE) {
    throw new RangeError(`${value} is not from 0 to ${MAX_VALUE}`);
  }
  return { size: map.size, values: withItem(map.values, ordinal, value) };
};

/** Ascending runs of ordinals with the same value that is not 0, from `from` on and at most `max` of them. */
export const valueRangesOf = (
  { size, values }: SmallIntMap,
  from = 0,
  max = Infinity,
): (OrdinalRange & { value: number })[] => {
  const ranges: (OrdinalRange & { value: number })[] = [];
  for (let first = nextItem(values, from); first >= 0 && ranges.length < max;) {
    const value = itemAt(values, first);
    let end = first + 1;
    while (end < size && itemAt(values, end) === value) {
      end += 1;
    }
    ranges.push({ first, last: end - 1, value });
    first = nextItem(values, end);
  }
  return ranges;
};

/** The form for snapshots. It takes at most 8/3 bytes for each ordinal, and far less if values repeat. */
export const smallIntMapToJson = ({ size, values }: SmallIntMap): SmallIntMapJson => ({
  size,
  values: packRow(values, size, 2),
});

/** Reads back what {@link smallIntMapToJson} wrote, for a map of `size`. Throws `SNAPSHOT_UNREADABLE`. */
export const smallIntMapFromJson = (
  { size, values }: SmallIntMapJson,
  expectedSize = size,
): SmallIntMap => {
  if (size !== expectedSize) {
    throw snapshotUnreadable(`a map of ${size} where ${expectedSize} belong`);
  }
  return { size, values: unpackRow(values, size, 2) };
};
