/**
 * An immutable map from ordinals to values, for values that few of a million tasks have. It is a tree with 32 children for
 * each node; empty subtrees are left out. A changed copy shares all but one path with the original, so its cost does not
 * depend on the number of values. Equal maps are deeply equal, in whatever order they were filled.
 */
export interface SparseMap<T> {
  /** Levels of the tree: it has room for 32^depth ordinals. */
  readonly depth: number;
  /** The number of ordinals that have a value. */
  readonly count: number;
  readonly root: Node<T> | undefined;
}

/** The lowest level holds values, the levels above it hold nodes. */
interface Node<T> {
  readonly children: readonly (Node<T> | undefined)[];
  readonly values: readonly (T | undefined)[];
}

const NOTHING: readonly undefined[] = Array.from({ length: 32 }, () => undefined);

/** An empty map for ordinals 0 … `size` − 1. It costs the same for any size. */
export const emptySparseMap = <T>(size: number): SparseMap<T> => {
  let depth = 1;
  while (32 ** depth < size) {
    depth += 1;
  }
  return { depth, count: 0, root: undefined };
};

/** The value of an ordinal; undefined if it has none. */
export const sparseGet = <T>({ depth, root }: SparseMap<T>, ordinal: number): T | undefined => {
  let node = root;
  for (let shift = (depth - 1) * 5; shift > 0 && node !== undefined; shift -= 5) {
    node = node.children[(ordinal >>> shift) & 31];
  }
  return node?.values[ordinal & 31];
};

/** The map with another value for an ordinal. The ordinal must be within the size. */
export const sparseSet = <T>(map: SparseMap<T>, ordinal: number, value: T): SparseMap<T> => ({
  depth: map.depth,
  count: map.count + (sparseGet(map, ordinal) === undefined ? 1 : 0),
  root: changed(map.root, (map.depth - 1) * 5, ordinal, value),
});

/** The map without a value for an ordinal; the same map if the ordinal has none. */
export const sparseDelete = <T>(map: SparseMap<T>, ordinal: number): SparseMap<T> =>
  sparseGet(map, ordinal) === undefined
    ? map
    : {
        depth: map.depth,
        count: map.count - 1,
        root: removed(map.root, (map.depth - 1) * 5, ordinal),
      };

const removed = <T>(
  node: Node<T> | undefined,
  shift: number,
  ordinal: number,
): Node<T> | undefined => {
  if (node === undefined) {
    return undefined;
  }
  const at = (ordinal >>> shift) & 31;
  const { children, values } = node;
  const left =
    shift === 0
      ? { children, values: values.with(at, undefined) }
      : { children: children.with(at, removed(children[at], shift - 5, ordinal)), values };
  return [...left.children, ...left.values].every((each) => each === undefined) ? undefined : left;
};

const changed = <T>(
  node: Node<T> | undefined,
  shift: number,
  ordinal: number,
  value: T,
): Node<T> => {
  const at = (ordinal >>> shift) & 31;
  const children = node?.children ?? NOTHING;
  const values = node?.values ?? NOTHING;
  return shift === 0
    ? { children, values: values.with(at, value) }
    : { children: children.with(at, changed(children[at], shift - 5, ordinal, value)), values };
};

/** All ordinals that have a value, ascending, with their values. */
export function* sparseEntries<T>({
  depth,
  root,
}: SparseMap<T>): Generator<[ordinal: number, value: T]> {
  if (root !== undefined) {
    yield* entriesBelow(root, (depth - 1) * 5, 0);
  }
}

function* entriesBelow<T>(node: Node<T>, shift: number, first: number): Generator<[number, T]> {
  if (shift === 0) {
    for (const [at, value] of node.values.entries()) {
      if (value !== undefined) {
        yield [first + at, value];
      }
    }
    return;
  }
  for (const [at, child] of node.children.entries()) {
    if (child !== undefined) {
      yield* entriesBelow(child, shift - 5, first + at * 2 ** shift);
    }
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
