/**
 * An immutable map from ordinals to values, for what few of a million tasks have: a tree with 32 children a node, in which
 * what is empty is left out. A changed copy shares all but one path with the original and costs the same however many
 * entries there are. Equal maps are deeply equal, in whatever order they were filled.
 */
export interface SparseMap<T> {
  /** Levels of the tree: it has room for 32^depth ordinals. */
  readonly depth: number;
  /** How many ordinals have a value. */
  readonly count: number;
  readonly root: Node<T> | undefined;
}

/** Values on the lowest level, nodes above it. */
interface Node<T> {
  readonly children: readonly (Node<T> | undefined)[];
  readonly values: readonly (T | undefined)[];
}

const NOTHING: readonly undefined[] = Array.from({ length: 32 }, () => undefined);

/** A map that has room for ordinals 0 … `size` − 1. Costs the same for any size. */
export const emptySparseMap = <T>(size: number): SparseMap<T> => {
  let depth = 1;
  while (32 ** depth < size) depth += 1;
  return { depth, count: 0, root: undefined };
};

/** The value of an ordinal; undefined where there is none. */
export const sparseGet = <T>({ depth, root }: SparseMap<T>, ordinal: number): T | undefined => {
  let node = root;
  for (let shift = (depth - 1) * 5; shift > 0 && node !== undefined; shift -= 5) {
    node = node.children[(ordinal >>> shift) & 31];
  }
  return node?.values[ordinal & 31];
};

/** The map with another value of an ordinal, which must be within its size. */
export const sparseSet = <T>(map: SparseMap<T>, ordinal: number, value: T): SparseMap<T> => ({
  depth: map.depth,
  count: map.count + (sparseGet(map, ordinal) === undefined ? 1 : 0),
  root: changed(map.root, (map.depth - 1) * 5, ordinal, value),
});

/** The map without a value of an ordinal; itself where it has none. */
export const sparseDelete = <T>(map: SparseMap<T>, ordinal: number): SparseMap<T> =>
  sparseGet(map, ordinal) === undefined
    ? map
    : { depth: map.depth, count: map.count - 1, root: removed(map.root, (map.depth - 1) * 5, ordinal) };

const removed = <T>(node: Node<T> | undefined, shift: number, ordinal: number): Node<T> | undefined => {
  if (node === undefined) return undefined;
  const at = (ordinal >>> shift) & 31;
  const { children, values } = node;
  const left =
    shift === 0
      ? { children, values: values.with(at, undefined) }
      : { children: children.with(at, removed(children[at], shift - 5, ordinal)), values };
  return [...left.children, ...left.values].every((each) => each === undefined) ? undefined : left;
};

const changed = <T>(node: Node<T> | undefined, shift: number, ordinal: number, value: T): Node<T> => {
  const at = (ordinal >>> shift) & 31;
  const children = node?.children ?? NOTHING;
  const values = node?.values ?? NOTHING;
  return shift === 0
    ? { children, values: values.with(at, value) }
    : { children: children.with(at, changed(children[at], shift - 5, ordinal, value)), values };
};

/** All entries, ascending. */
export function* sparseEntries<T>({ depth, root }: SparseMap<T>): Generator<[ordinal: number, value: T]> {
  if (root !== undefined) yield* entriesBelow(root, (depth - 1) * 5, 0);
}

function* entriesBelow<T>(node: Node<T>, shift: number, first: number): Generator<[number, T]> {
  if (shift === 0) {
    for (const [at, value] of node.values.entries()) if (value !== undefined) yield [first + at, value];
    return;
  }
  for (const [at, child] of node.children.entries()) {
    if (child !== undefined) yield* entriesBelow(child, shift - 5, first + at * 2 ** shift);
  }
}

/** The map of these entries, for ordinals 0 … `size` − 1. */
export const sparseMapFrom = <T>(size: number, entries: Iterable<readonly [number, T]>): SparseMap<T> => {
  let map = emptySparseMap<T>(size);
  for (const [ordinal, value] of entries) map = sparseSet(map, ordinal, value);
  return map;
};
