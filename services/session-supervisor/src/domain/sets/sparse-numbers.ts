/**
 * An immutable row of numbers, nearly all of them 0 at first, of a fixed length: a tree with 32 children a node, in
 * which what is all 0 is left out. A changed copy shares all but one path with the original and costs the same
 * whatever the length. The form is canonical: equal rows are deeply equal, whatever became of them before.
 *
 * Numbers must be integers of 32 bits with a sign: V8 keeps such arrays compact and copies them in 30 ns, while a typed
 * array of that size takes ten times as long.
 */
export interface SparseNumbers {
  /** Levels of the tree: it has room for 32^depth numbers. */
  readonly depth: number;
  readonly root: Node | undefined;
}

/** Numbers on the lowest level, nodes above it. */
type Node = readonly (Node | number | undefined)[];

const NO_NUMBERS: Node = Array.from({ length: 32 }, () => 0);
const NO_NODES: Node = Array.from({ length: 32 }, () => undefined);

/** A row of `length` zeros. Costs the same for any length. */
export const sparseNumbers = (length: number): SparseNumbers => {
  let depth = 1;
  while (32 ** depth < length) {
    depth += 1;
  }
  return { depth, root: undefined };
};

/** The number at `index`, which the caller has checked. */
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

const changed = (node: Node | undefined, shift: number, index: number, value: number): Node | undefined => {
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

/** The row with `value` at `index`, which the caller has checked. O(depth). */
export const withNumberAt = (numbers: SparseNumbers, index: number, value: number): SparseNumbers => ({
  depth: numbers.depth,
  root: changed(numbers.root, (numbers.depth - 1) * 5, index, value),
});

const search = (node: Node, shift: number, from: number): number => {
  for (let at = from >>> shift; at < 32; at += 1) {
    const child = node[at];
    if (typeof child === 'number' && child !== 0) {
      return at;
    }
    // What lies before `from` matters in the child that `from` lies in, and in no later one.
    const rest = at === from >>> shift ? from & ((1 << shift) - 1) : 0;
    const found = typeof child === 'object' ? search(child, shift - 5, rest) : -1;
    if (found >= 0) {
      return (at << shift) | found;
    }
  }
  return -1;
};

/** The first index at or after `from` with a number other than 0; −1 where there is none. Passes over what is left out. */
export const nextNonZero = ({ depth, root }: SparseNumbers, from: number): number =>
  root && from < 32 ** depth ? search(root, (depth - 1) * 5, from) : -1;

const build = (shift: number, start: number, length: number, valueAt: (index: number) => number): Node | undefined => {
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

/** The row of `length` numbers that `valueAt` gives. */
export const sparseNumbersFrom = (length: number, valueAt: (index: number) => number): SparseNumbers => {
  const { depth } = sparseNumbers(length);
  return { depth, root: build((depth - 1) * 5, 0, length, valueAt) };
};
