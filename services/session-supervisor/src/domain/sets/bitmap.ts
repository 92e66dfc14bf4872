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

/**
 * An immutable set of ordinals 0 … `size` − 1, with one bit for each. A changed copy shares nearly everything with the
 * original. An empty set costs the same for any size. Equal sets are deeply equal.
 */
export interface Bitmap {
  readonly size: number;
  /** The number of ordinals in the set. */
  readonly count: number;
  /** Each number holds 32 bits, with the lowest ordinal in the lowest bit. */
  readonly words: SparseNumbers;
}

/** The form of a bitmap in a snapshot. */
export interface BitmapJson {
  size: number;
  bits: string;
}

const wordsOf = (size: number): number => Math.ceil(size / 32);

/** The empty set of `size` ordinals. */
export const emptyBitmap = (size: number): Bitmap => ({
  size,
  count: 0,
  words: sparseNumbers(wordsOf(size)),
});

/** The bits of a word that lie between two ordinals, both included. */
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
  return { size, count, words: sparseNumbersFrom(wordsOf(size), bits) };
};

const check = (size: number, ordinal: number): void => {
  if (ordinal >>> 0 !== ordinal || ordinal >= size) {
    throw new RangeError(`${ordinal} is no ordinal of ${size}`);
  }
};

const isSet = (words: SparseNumbers, ordinal: number): boolean =>
  ((numberAt(words, ordinal >>> 5) >>> (ordinal & 31)) & 1) === 1;

const toggled = ({ size, words }: Bitmap, ordinal: number, count: number): Bitmap => {
  const word = ordinal >>> 5;
  return {
    size,
    count,
    words: withNumberAt(words, word, numberAt(words, word) ^ (1 << (ordinal & 31))),
  };
};

/** Whether an ordinal is in the set; false outside its size. */
export const has = ({ size, words }: Bitmap, ordinal: number): boolean =>
  ordinal >>> 0 === ordinal && ordinal < size && isSet(words, ordinal);

/** The set with an ordinal added; the same set if it contains the ordinal already. Throws RangeError outside the size. */
export const withBit = (bitmap: Bitmap, ordinal: number): Bitmap => {
  check(bitmap.size, ordinal);
  return isSet(bitmap.words, ordinal) ? bitmap : toggled(bitmap, ordinal, bitmap.count + 1);
};

/** The set without an ordinal; the same set if it does not contain the ordinal. Throws RangeError outside the size. */
export const withoutBit = (bitmap: Bitmap, ordinal: number): Bitmap => {
  check(bitmap.size, ordinal);
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
  const here = numberAt(words, word) & (-1 << (from & 31));
  if (here !== 0) {
    return (word << 5) + lowestBit(here);
  }
  const next = nextNonZero(words, word + 1);
  return next < 0 ? undefined : (next << 5) + lowestBit(numberAt(words, next));
};

/** The first ordinal at or after `from` that is not in the set; undefined if there is none. Tests 32 ordinals at a time. */
export const nextClear = ({ size, words }: Bitmap, from: number): number | undefined => {
  let clear = ~numberAt(words, from >>> 5) & (-1 << (from & 31));
  for (let start = from & ~31; start < size; start += 32, clear = ~numberAt(words, start >>> 5)) {
    if (clear !== 0) {
      const ordinal = start + lowestBit(clear);
      return ordinal < size ? ordinal : undefined;
    }
  }
  return undefined;
};

/**
 * The set as ascending runs, from `from` on and at most `max` of them. The bound allows paging, because a set may have many
 * runs.
 */
export const rangesOf = (bitmap: Bitmap, from = 0, max = Infinity): OrdinalRange[] => {
  const ranges: OrdinalRange[] = [];
  for (let first = nextSet(bitmap, from); first !== undefined && ranges.length < max;) {
    const end = nextClear(bitmap, first) ?? bitmap.size;
    ranges.push({ first, last: end - 1 });
    first = nextSet(bitmap, end);
  }
  return ranges;
};

/** The form for snapshots. It takes at most 4/3 bits for each ordinal, and far less if the set consists of long runs. */
export const bitmapToJson = ({ size, words }: Bitmap): BitmapJson => {
  const view = new DataView(new ArrayBuffer(wordsOf(size) * 4));
  for (let word = nextNonZero(words, 0); word >= 0; word = nextNonZero(words, word + 1)) {
    view.setInt32(word * 4, numberAt(words, word), true);
  }
  return { size, bits: packBytes(new Uint8Array(view.buffer)) };
};

const countBits = (word: number): number => {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) {
    count += 1;
  }
  return count;
};

/** How many ordinals from `first` to `last` are in the set. Tests 32 ordinals at a time. */
export const countWithin = ({ words }: Bitmap, range: OrdinalRange): number => {
  let count = 0;
  const end = range.last >>> 5;
  for (
    let word = nextNonZero(words, range.first >>> 5);
    word >= 0 && word <= end;
    word = nextNonZero(words, word + 1)
  ) {
    count += countBits(numberAt(words, word) & maskOf(word, range));
  }
  return count;
};

/** How many ordinals are in both sets. */
export const countBoth = (a: Bitmap, b: Bitmap): number => {
  let count = 0;
  for (let word = nextNonZero(a.words, 0); word >= 0; word = nextNonZero(a.words, word + 1)) {
    count += countBits(numberAt(a.words, word) & numberAt(b.words, word));
  }
  return count;
};

/** Reads back what {@link bitmapToJson} wrote, for a set of `size`. Throws `SNAPSHOT_UNREADABLE`. */
export const bitmapFromJson = ({ size, bits }: BitmapJson, expectedSize = size): Bitmap => {
  if (size !== expectedSize) {
    throw snapshotUnreadable(`a bitmap of ${size} where ${expectedSize} belong`);
  }
  const length = wordsOf(size);
  const view = unpackBytes(bits, length * 4);
  let count = 0;
  const words = sparseNumbersFrom(length, (word) => {
    const value = view.getInt32(word * 4, true);
    count += countBits(value);
    return value;
  });
  const surplus = size % 32 === 0 ? 0 : numberAt(words, length - 1) & (-1 << (size & 31));
  if (surplus !== 0) {
    throw snapshotUnreadable('bits beyond the size');
  }
  return { size, count, words };
};
