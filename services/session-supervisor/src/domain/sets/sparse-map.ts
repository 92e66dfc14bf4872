import { emptyRow, itemAt, nextItem, withItem, type SparseRow } from './sparse-row.ts';

/** An immutable map from ordinals to values, for values that few of a million tasks have. Equal maps are deeply equal. */
export interface SparseMap<T> {
  /** The number of ordinals that have a value. */
  readonly count: number;
  readonly values: SparseRow<T | undefined>;
}

/** An empty map for ordinals 0 … `size` − 1. It costs the same for any size. */
export const emptySparseMap = <T>(size: number): SparseMap<T> => ({
  count: 0,
  values: emptyRow<T | undefined>(size, undefined),
});

/** The value of an ordinal; undefined if it has none. */
export const sparseGet = <T>({ values }: SparseMap<T>, ordinal: number): T | undefined =>
  itemAt(values, ordinal);

/** The map with another value for an ordinal. The ordinal must be within the size. */
export const sparseSet = <T>(map: SparseMap<T>, ordinal: number, value: T): SparseMap<T> => ({
  count: map.count + (sparseGet(map, ordinal) === undefined ? 1 : 0),
  values: withItem(map.values, ordinal, value),
});

/** The map without a value for an ordinal; the same map if the ordinal has none. */
export const sparseDelete = <T>(map: SparseMap<T>, ordinal: number): SparseMap<T> =>
  sparseGet(map, ordinal) === undefined
    ? map
    : { count: map.count - 1, values: withItem(map.values, ordinal, undefined) };

/** All ordinals that have a value, ascending, with their values. */
export function* sparseEntries<T>({ values }: SparseMap<T>): Generator<[number, T]> {
  for (let at = nextItem(values, 0); at >= 0; at = nextItem(values, at + 1)) {
    yield [at, itemAt(values, at) as T];
  }
}

/** The map of these pairs, for ordinals 0 … `size` − 1. */
export const sparseMapFrom = <T>(
  size: number,
  entries: Iterable<readonly [number, T]>,
): SparseMap<T> => {
  let map = emptySparseMap<T>(size);
  for (const [ordinal, value] of entries) {
    map = sparseSet(map, ordinal, value);
  }
  return map;
};
