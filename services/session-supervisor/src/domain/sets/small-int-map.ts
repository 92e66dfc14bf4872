import type { OrdinalRange } from '../graph/ordinals.ts';
import { packBytes, snapshotUnreadable, unpackBytes } from './packed-bytes.ts';
import {
  nextNonZero,
  numberAt,
  type SparseNumbers,
  sparseNumbers,
  sparseNumbersFrom,
  withNumberAt,
} from './sparse-numbers.ts';

/** The highest value: values are stored in 16 bits. */
const MAX_VALUE = 65_535;

/**
 * An immutable map from ordinals 0 … `size` − 1 to values 0 … 65,535, where 0 means "none". A changed copy shares nearly
 * everything with the original. An empty map costs the same for any size. Equal maps are deeply equal.
 */
export interface SmallIntMap {
  readonly size: number;
  readonly values: SparseNumbers;
}

/** A run of ordinals that have the same value. The value is not 0. */
export interface ValueRange extends OrdinalRange {
  value: number;
}

/** The form of a map in a snapshot. */
export interface SmallIntMapJson {
  size: number;
  values: string;
}

/** A map of `size` ordinals without values. */
export const emptySmallIntMap = (size: number): SmallIntMap => ({
  size,
  values: sparseNumbers(size),
});

/** The value of an ordinal; 0 if it has none or is outside the size. */
export const valueAt = ({ size, values }: SmallIntMap, ordinal: number): number =>
  ordinal >>> 0 === ordinal && ordinal < size ? numberAt(values, ordinal) : 0;

/** The map with another value for an ordinal. Throws RangeError outside the size or the range of values. */
export const withValue = (map: SmallIntMap, ordinal: number, value: number): SmallIntMap => {
  if (ordinal >>> 0 !== ordinal || ordinal >= map.size) {
    throw new RangeError(`${ordinal} is no ordinal of ${map.size}`);
  }
  if (value >>> 0 !== value || value > MAX_VALUE) {
    throw new RangeError(`${value} is not from 0 to ${MAX_VALUE}`);
  }
  return { size: map.size, values: withNumberAt(map.values, ordinal, value) };
};

/**
 * Ascending runs of ordinals with the same value, from `from` on and at most `max` of them. Ordinals without a value are left
 * out.
 */
export const valueRangesOf = (
  { size, values }: SmallIntMap,
  from = 0,
  max = Infinity,
): ValueRange[] => {
  const ranges: ValueRange[] = [];
  for (let first = nextNonZero(values, from); first >= 0 && ranges.length < max;) {
    const value = numberAt(values, first);
    let end = first + 1;
    while (end < size && numberAt(values, end) === value) {
      end += 1;
    }
    ranges.push({ first, last: end - 1, value });
    first = nextNonZero(values, end);
  }
  return ranges;
};

/** The form for snapshots. It takes at most 8/3 bytes for each ordinal, and far less if values repeat. */
export const smallIntMapToJson = ({ size, values }: SmallIntMap): SmallIntMapJson => {
  const view = new DataView(new ArrayBuffer(size * 2));
  for (
    let ordinal = nextNonZero(values, 0);
    ordinal >= 0;
    ordinal = nextNonZero(values, ordinal + 1)
  ) {
    view.setUint16(ordinal * 2, numberAt(values, ordinal), true);
  }
  return { size, values: packBytes(new Uint8Array(view.buffer)) };
};

/** Reads back what {@link smallIntMapToJson} wrote, for a map of `size`. Throws `SNAPSHOT_UNREADABLE`. */
export const smallIntMapFromJson = (
  { size, values }: SmallIntMapJson,
  expectedSize = size,
): SmallIntMap => {
  if (size !== expectedSize) {
    throw snapshotUnreadable(`a map of ${size} where ${expectedSize} belong`);
  }
  const view = unpackBytes(values, size * 2);
  return { size, values: sparseNumbersFrom(size, (ordinal) => view.getUint16(ordinal * 2, true)) };
};
