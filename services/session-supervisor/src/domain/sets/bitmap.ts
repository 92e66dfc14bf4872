import { packRow, snapshotUnreadable, unpackRow } from './packed-row.ts';
import {
  checkOrdinal,
  emptyRow,
  itemAt,
  nextItem,
  rowOf,
  withItem,
  type SparseRow,
} from './sparse-row.ts';

/** A run of ordinals, both ends included. Ordinals number the tasks of a workload from 0, node by node, by ascending index. */
export interface OrdinalRange {
  first: number;
  last: number;
}

/** An immutable set of ordinals 0 … `size` − 1, with one bit for each. Equal sets are deeply equal. */
export interface Bitmap {
  readonly size: number;
  /** The number of ordinals in the set. */
  readonly count: number;
  /** Each number holds 32 bits, with the lowest ordinal in the lowest bit. */
  readonly words: SparseRow<number>;
}

export interface BitmapJson {
  size: number;
  bits: string;
}

const wordsOf = (size: number): number => Math.ceil(size / 32);

/** The empty set of `size` ordinals. */
export const emptyBitmap = (size: number): Bitmap => ({
  size,
  count: 0,
  words: emptyRow(wordsOf(size), 0),
});

const maskOf = (word: number, { first, last }: OrdinalRange): number => {
  const from = Math.max(first - (word << 5), 0);
  const to = Math.min(last - (word << 5), 31);
  return from > to ? 0 : (-1 << from) & (-1 >>> (31 - to));
};

/** The set of these runs, for ordinals 0 … `size` − 1. */
export const bitmapOf = (size: number, ranges: readonly OrdinalRange[]): Bitmap => {
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count === 0) {
    return emptyBitmap(size);
  }
  const bits = (word: number): number =>
    ranges.reduce((mask, range) => mask | maskOf(word, range), 0);
  return { size, count, words: rowOf(wordsOf(size), 0, bits) };
};

const isSet = (words: SparseRow<number>, ordinal: number): boolean =>
  ((itemAt(words, ordinal >>> 5) >>> (ordinal & 31)) & 1) === 1;

const toggled = ({ size, words }: Bitmap, ordinal: number, count: number): Bitmap => {
  const word = ordinal >>> 5;
  return {
    size,
    count,
    words: withItem(words, word, itemAt(words, word) ^ (1 << (ordinal & 31))),
  };
};

/** Whether an ordinal is in the set; false outside its size. */
export const has = ({ size, words }: Bitmap, ordinal: number): boolean =>
  ordinal >>> 0 === ordinal && ordinal < size && isSet(words, ordinal);

/** The set with an ordinal added; the same set if it contains the ordinal already. Throws RangeError outside the size. */
export const withBit = (bitmap: Bitmap, ordinal: number): Bitmap => {
  checkOrdinal(bitmap.size, ordinal);
  return isSet(bitmap.words, ordinal) ? bitmap : toggled(bitmap, ordinal, bitmap.count + 1);
};

/** The set without an ordinal; the same set if it does not contain the ordinal. Throws RangeError outside the size. */
export const withoutBit = (bitmap: Bitmap, ordinal: number): Bitmap => {
  checkOrdinal(bitmap.size, ordinal);
  return isSet(bitmap.words, ordinal) ? toggled(bitmap, ordinal, bitmap.count - 1) : bitmap;
};

/** The position of the lowest bit that is set. The word must not be 0. */
const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

/** The first ordinal in the set at or after `from`; undefined if there is none. Skips empty stretches quickly. */
export const nextSet = ({ size, words }: Bitmap, from: number): number | undefined => {
  if (from >= size) {
    return undefined;
  }
  const word = from >>> 5;
  const here = itemAt(words, word) & (-1 << (from & 31));
  if (here !== 0) {
    return (word << 5) + lowestBit(here);
  }
  const next = nextItem(words, word + 1);
  return next < 0 ? undefined : (next << 5) + lowestBit(itemAt(words, next));
};

/** The first ordinal at or after `from` that is not in the set; undefined if there is none. Tests 32 ordinals at a time. */
export const nextClear = ({ size, words }: Bitmap, from: number): number | undefined => {
  let clear = ~itemAt(words, from >>> 5) & (-1 << (from & 31));
  for (let start = from & ~31; start < size; start += 32, clear = ~itemAt(words, start >>> 5)) {
    if (clear !== 0) {
      const ordinal = start + lowestBit(clear);
      return ordinal < size ? ordinal : undefined;
    }
  }
  return undefined;
};

/** The ordinals of a set, ascending. */
export function* ordinalsOf(bitmap: Bitmap): Generator<number> {
  for (let at = nextSet(bitmap, 0); at !== undefined; at = nextSet(bitmap, at + 1)) {
    yield at;
  }
}

/** The set as ascending runs, from `from` on and at most `max` of them. */
export const rangesOf = (bitmap: Bitmap, from = 0, max = Infinity): OrdinalRange[] => {
  const ranges: OrdinalRange[] = [];
  for (let first = nextSet(bitmap, from); first !== undefined && ranges.length < max;) {
    const end = nextClear(bitmap, first) ?? bitmap.size;
    ranges.push({ first, last: end - 1 });
    first = nextSet(bitmap, end);
  }
  return ranges;
};

/** The ordinals of a set for which `keep` holds. One pass, without a copy for each change. */
export const filtered = ({ size, words }: Bitmap, keep: (ordinal: number) => boolean): Bitmap => {
  let count = 0;
  const kept = rowOf(wordsOf(size), 0, (word) => {
    let bits = itemAt(words, word);
    for (let left = bits; left !== 0; left &= left - 1) {
      const isKept = keep((word << 5) + lowestBit(left));
      count += isKept ? 1 : 0;
      bits ^= isKept ? 0 : left & -left;
    }
    return bits;
  });
  return { size, count, words: kept };
};

/** The form for snapshots. It takes at most 4/3 bits for each ordinal, and far less if the set consists of long runs. */
export const bitmapToJson = ({ size, words }: Bitmap): BitmapJson => ({
  size,
  bits: packRow(words, wordsOf(size), 4),
});

const countBits = (word: number): number => {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) {
    count += 1;
  }
  return count;
};

/** Visits the words of a set that are not empty, ascending, and adds up what `countOf` says of each. */
const sumOf = (
  { words }: Bitmap,
  countOf: (bits: number, word: number) => number,
  from = 0,
  to = Infinity,
): number => {
  let count = 0;
  for (
    let word = nextItem(words, from);
    word >= 0 && word <= to;
    word = nextItem(words, word + 1)
  ) {
    count += countOf(itemAt(words, word), word);
  }
  return count;
};

/** How many ordinals from `first` to `last` are in the set. Tests 32 ordinals at a time. */
export const countWithin = (bitmap: Bitmap, range: OrdinalRange): number =>
  sumOf(
    bitmap,
    (bits, word) => countBits(bits & maskOf(word, range)),
    range.first >>> 5,
    range.last >>> 5,
  );

/** The sum of the ordinals from `first` to `last` that are in the set. */
export const sumWithin = (bitmap: Bitmap, range: OrdinalRange): number =>
  sumOf(
    bitmap,
    (bits, word) => {
      let sum = 0;
      for (let left = bits & maskOf(word, range); left !== 0; left &= left - 1) {
        sum += (word << 5) + lowestBit(left);
      }
      return sum;
    },
    range.first >>> 5,
    range.last >>> 5,
  );

/** How many ordinals are in both sets. */
export const countBoth = (a: Bitmap, b: Bitmap): number =>
  sumOf(a, (bits, word) => countBits(bits & itemAt(b.words, word)));

/** Reads back what {@link bitmapToJson} wrote, for a set of `size`. Throws `SNAPSHOT_UNREADABLE`. */
export const bitmapFromJson = ({ size, bits }: BitmapJson, expectedSize = size): Bitmap => {
  if (size !== expectedSize) {
    throw snapshotUnreadable(`a bitmap of ${size} where ${expectedSize} belong`);
  }
  const words = unpackRow(bits, wordsOf(size), 4);
  const bitmap = { size, words, count: 0 };
  if (size % 32 !== 0 && (itemAt(words, wordsOf(size) - 1) & (-1 << (size & 31))) !== 0) {
    throw snapshotUnreadable('bits beyond the size');
  }
  return { ...bitmap, count: sumOf(bitmap, countBits) };
};
