/**
 * An immutable row of values, most of which are `none`: a tree with 32 children for each node, without its empty subtrees. A
 * changed copy shares all but one path with the original. Equal rows are deeply equal, whatever their history.
 *
 * Numbers should be signed 32-bit integers: V8 copies an array of 32 of them in 30 ns, a typed array in ten times that.
 */
export interface SparseRow<T> {
  /** Levels of the tree: it has room for 32^depth values. */
  readonly depth: number;
  readonly none: T;
  readonly root: Node<T> | undefined;
}

/** The lowest level holds values, the levels above it hold nodes. */
type Node<T> = readonly (Node<T> | T | undefined)[];

/** A row of `length` times `none`. */
export const emptyRow = <T>(length: number, none: T): SparseRow<T> => {
  let depth = 1;
  while (32 ** depth < length) {
    depth += 1;
  }
  return { depth, none, root: undefined };
};

/** Throws RangeError unless `ordinal` is one of 0 … `size` − 1. The other functions do not check it. */
export const checkOrdinal = (size: number, ordinal: number): void => {
  if (ordinal >>> 0 !== ordinal || ordinal >= size) {
    throw new RangeError(`${ordinal} is no ordinal of ${size}`);
  }
};

/** The value at `index`. */
export const itemAt = <T>({ depth, none, root }: SparseRow<T>, index: number): T => {
  let node = root;
  for (let shift = (depth - 1) * 5; shift > 0 && node !== undefined; shift -= 5) {
    node = node[(index >>> shift) & 31] as Node<T> | undefined;
  }
  return node === undefined ? none : (node[index & 31] as T);
};

const changed = <T>(
  node: Node<T> | undefined,
  shift: number,
  index: number,
  value: T,
  none: T,
): Node<T> | undefined => {
  const at = (index >>> shift) & 31;
  const nothing = shift === 0 ? none : undefined;
  const copy = node === undefined ? Array.from({ length: 32 }, () => nothing) : node.slice();
  const child = shift === 0 ? value : changed(copy[at] as Node<T>, shift - 5, index, value, none);
  copy[at] = child;
  return child === nothing && copy.every((each) => each === nothing) ? undefined : copy;
};

/** The row with `value` at `index`. O(depth). */
export const withItem = <T>(row: SparseRow<T>, index: number, value: T): SparseRow<T> => {
  const { depth, none, root } = row;
  return { depth, none, root: changed(root, (depth - 1) * 5, index, value, none) };
};

/** The first index at or after `from` whose value is not `none`; −1 if there is none. Skips subtrees that are left out. */
export const nextItem = <T>({ depth, none, root }: SparseRow<T>, from: number): number => {
  const search = (node: Node<T>, shift: number, start: number): number => {
    for (let at = start >>> shift; at < 32; at += 1) {
      const child = node[at];
      if (shift === 0) {
        if (child !== none) {
          return at;
        }
        continue;
      }
      // Only the child that contains `start` is searched from its middle; later children are searched from their start.
      const rest = at === start >>> shift ? start & ((1 << shift) - 1) : 0;
      const found = child === undefined ? -1 : search(child as Node<T>, shift - 5, rest);
      if (found >= 0) {
        return (at << shift) | found;
      }
    }
    return -1;
  };
  return root && from < 32 ** depth ? search(root, (depth - 1) * 5, from) : -1;
};

/** The row of the `length` values that `valueOf` returns. */
export const rowOf = <T>(length: number, none: T, valueOf: (index: number) => T): SparseRow<T> => {
  const build = (shift: number, start: number): Node<T> | undefined => {
    const nothing = shift === 0 ? none : undefined;
    const node: (Node<T> | T | undefined)[] = [];
    for (let index = start; node.length < 32; index += 2 ** shift) {
      node.push(index >= length ? nothing : shift === 0 ? valueOf(index) : build(shift - 5, index));
    }
    return node.every((child) => child === nothing) ? undefined : node;
  };
  const row = emptyRow(length, none);
  return { ...row, root: build((row.depth - 1) * 5, 0) };
};
