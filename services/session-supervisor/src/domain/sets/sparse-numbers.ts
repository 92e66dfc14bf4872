/**
 * An immutable row of numbers with a fixed length, for rows that are mostly 0. It is a tree with 32 children for each node;
 * subtrees of zeros are left out. A changed copy shares all but one path with the original and costs the same for any
 * length. The form is canonical: equal rows are deeply equal, whatever their history.
 *
 * Numbers must be signed 32-bit integers, because V8 stores arrays of such numbers compactly and copies one of 32 in 30 ns.
 * Copying a typed array of that size takes ten times as long.
 */
export interface SparseNumbers {
  /** Levels of the tree: it has room for 32^depth numbers. */
  readonly depth: number;
  readonly root: Node | undefined;
}

/** The lowest level holds numbers, the levels above it hold nodes. */
type Node = readonly (Node | number | undefined)[];

const NO_NUMBERS: Node = Array.from({ length: 32 }, () => 0);
const NO_NODES: Node = Array.from({ length: 32 }, () => undefined);

/** A row of `length` zeros. It costs the same for any length. */
export const sparseNumbers = (length: number): SparseNumbers => {
  let depth = 1;
  while (32 ** depth < length) {
    depth += 1;
  }
  return { depth, root: undefined };
};

/** The number at `index`. The caller must have checked that `index` is within the length. */
export const numberAt = ({ depth, root }: SparseNumbers, index: number): number => {
  let node = root;
  for (let shift = (depth - 1) * 5; node; shift -= 5) {
    const child: Node | number | undefined = node[(index >>> shift) & 31];
    if (typeof child === 'number') {
      return child;
    }
    node = child;
  }
  return 0;
};

const changed = (
  node: Node | undefined,
  shift: number,
  index: number,
  value: number,
): Node | undefined => {
  const at = (index >>> shift) & 31;
  const copy = (node ?? (shift === 0 ? NO_NUMBERS : NO_NODES)).slice();
  if (shift === 0) {
    copy[at] = value;
    return value === 0 && copy.every((number) => number === 0) ? undefined : copy;
  }
  const child = copy[at];
  copy[at] = changed(typeof child === 'object' ? child : undefined, shift - 5, index, value);
  return copy[at] === undefined && copy.every((each) => each === undefined) ? undefined : copy;
};

/** The row with `value` at `index`. The caller must have checked that `index` is within the length. O(depth). */
export const withNumberAt = (
  numbers: SparseNumbers,
  index: number,
  value: number,
): SparseNumbers => ({
  depth: numbers.depth,
  root: changed(numbers.root, (numbers.depth - 1) * 5, index, value),
});

const search = (node: Node, shift: number, from: number): number => {
  for (let at = from >>> shift; at < 32; at += 1) {
    const child = node[at];
    if (typeof child === 'number' && child !== 0) {
      return at;
    }
    // Only the child that contains `from` is searched from its middle; later children are searched from their start.
    const rest = at === from >>> shift ? from & ((1 << shift) - 1) : 0;
    const found = typeof child === 'object' ? search(child, shift - 5, rest) : -1;
    if (found >= 0) {
      return (at << shift) | found;
    }
  }
  return -1;
};

/** The first index at or after `from` with a number other than 0; −1 if there is none. Skips subtrees that are left out. */
export const nextNonZero = ({ depth, root }: SparseNumbers, from: number): number =>
  root && from < 32 ** depth ? search(root, (depth - 1) * 5, from) : -1;

const build = (
  shift: number,
  start: number,
  length: number,
  valueAt: (index: number) => number,
): Node | undefined => {
  if (start >= length) {
    return undefined;
  }
  const node = Array.from({ length: 32 }, (_, at) => {
    const index = start + at * 2 ** shift;
    if (shift > 0) {
      return build(shift - 5, index, length, valueAt);
    }
    return index < length ? valueAt(index) : 0;
  });
  return node.every((child) => child === undefined || child === 0) ? undefined : node;
};

/** The row of `length` numbers that `valueAt` returns. */
export const sparseNumbersFrom = (
  length: number,
  valueAt: (index: number) => number,
): SparseNumbers => {
  const { depth } = sparseNumbers(length);
  return { depth, root: build((depth - 1) * 5, 0, length, valueAt) };
};
