import { formatTaskKey, MAX_NODES, parseTaskKey } from '#libs/mesh/index.ts';
import { indexAt, indicesOf, ordinalOf, type IndexSet } from '#libs/indices/index.ts';

/** A dependency of each task on the task of the same index of an earlier node, which has all of its indices. */
export interface TaskEdge {
  readonly node: string;
  /** The earlier node has one task, and every task of this node depends on it. */
  readonly isShared?: true;
  /** What the first task needs: `success`, an accepted result; `end`, an accepted result or to be given up. */
  readonly on: 'success' | 'end';
}

export type Gate = 'ask' | 'if-failed';

/** A node has one task for each index. */
export interface TaskNode {
  /** `[a-z][a-z0-9-]{0,31}`: `frames`, `noop`, `mesh`. */
  readonly id: string;
  readonly indices: IndexSet;
  /** If empty, its tasks may begin at once. */
  readonly after: readonly TaskEdge[];
  /** Its results are no results of the workload, but inputs of the tasks that depend on them. */
  readonly isInner?: true;
  /** Its tasks count as done, without a result, until a `split` wakes them. Only inner nodes sleep. */
  readonly sleeps?: true;
  /** Which of its results a person must approve before what needs their success begins: all, or those that are *flawed*. */
  readonly gate?: Gate;
}

export interface PlacedNode extends TaskNode {
  /** The ordinal of its first task. */
  readonly offset: number;
  /** The nodes that depend on this one, by their place in `nodes`. */
  readonly successors: readonly number[];
}

/** The tasks of a workload. The nodes are ordered: each depends on earlier ones only. */
export interface TaskGraph {
  readonly nodes: readonly PlacedNode[];
  readonly count: number;
}

/** Makes a graph. Throws RangeError for nodes that callers' checks (as in `kinds/noop/wire.ts`) must not let through. */
export const createGraph = (nodes: readonly TaskNode[]): TaskGraph => {
  if (nodes.length === 0 || nodes.length > MAX_NODES) {
    throw new RangeError(`a graph has 1 to ${MAX_NODES} nodes`);
  }
  const placed: PlacedNode[] = [];
  let count = 0;
  for (const node of nodes) {
    for (const edge of node.after) {
      const before = placed.find(({ id }) => id === edge.node);
      if (before === undefined) {
        throw new RangeError(`${node.id} depends on ${edge.node}, which is no earlier node`);
      }
      if (edge.isShared === true && before.indices.count !== 1) {
        throw new RangeError(
          `${node.id} depends on ${edge.node} as a whole, which has several tasks`,
        );
      }
      if (edge.isShared !== true && !isWithin(node.indices, before.indices)) {
        throw new RangeError(`${node.id} depends on ${edge.node}, which lacks one of its indices`);
      }
    }
    if (placed.some(({ id }) => id === node.id)) {
      throw new RangeError(`two nodes are called ${node.id}`);
    }
    const successors = nodes.flatMap(({ after }, i) =>
      after.some((edge) => edge.node === node.id) ? [i] : [],
    );
    placed.push({ ...node, offset: count, successors });
    count += node.indices.count;
  }
  return { nodes: placed, count };
};

/** Whether one set holds all indices of another. Looks at each of them only if the set has gaps. */
const isWithin = (indices: IndexSet, others: IndexSet): boolean => {
  if (indices.first < others.first || indices.last > others.last) {
    return false;
  }
  const hasGaps = others.ranges.length > 1 || others.ranges.some(({ step }) => step !== 1);
  return !hasGaps || indicesOf(indices).every((index) => ordinalOf(others, index) !== undefined);
};

/** The graph of work that has one node. */
export const singleNode = (id: string, indices: IndexSet): TaskGraph =>
  createGraph([{ id, indices, after: [] }]);

/** The place of a task's node. Throws RangeError outside the graph. */
export const nodeOf = ({ nodes, count }: TaskGraph, ordinal: number): number => {
  if (!(ordinal >= 0 && ordinal < count)) {
    throw new RangeError(`no task has the ordinal ${ordinal} of ${count}`);
  }
  return nodes.findLastIndex(({ offset }) => offset <= ordinal);
};

/** How far into its node a task is: 0 for the first, towards 1. Throws RangeError outside the graph. */
export const placeInNode = (graph: TaskGraph, ordinal: number): number => {
  const { offset, indices } = nodeAt(graph, nodeOf(graph, ordinal));
  return (ordinal - offset) / indices.count;
};

/** A node by its place. Throws RangeError if there is none. */
export const nodeAt = ({ nodes }: TaskGraph, place: number): PlacedNode => {
  const node = nodes[place];
  if (node === undefined) {
    throw new RangeError(`no node has the place ${place}`);
  }
  return node;
};

/** The index of a task, such as the number of a frame. Throws RangeError outside the graph. */
export const taskIndex = (graph: TaskGraph, ordinal: number): number => {
  const { indices, offset } = nodeAt(graph, nodeOf(graph, ordinal));
  return indexAt(indices, ordinal - offset);
};

/** The key of a task, such as `frames/17`. Throws RangeError outside the graph. */
export const taskKey = (graph: TaskGraph, ordinal: number): string => {
  const { id, indices, offset } = nodeAt(graph, nodeOf(graph, ordinal));
  return formatTaskKey({ node: id, index: indexAt(indices, ordinal - offset) });
};

/** Whether a task is one of an inner node. */
export const isInnerTask = ({ graph }: { graph: TaskGraph }, key: string): boolean => {
  const node = parseTaskKey(key)?.node;
  return graph.nodes.some(({ id, isInner }) => id === node && isInner === true);
};

/** The ordinal of a node's task by its index; undefined if the node lacks the index. */
export const ordinalIn = ({ indices, offset }: PlacedNode, index: number): number | undefined => {
  const place = ordinalOf(indices, index);
  return place === undefined ? undefined : offset + place;
};

/** The ordinal of a key, or undefined if the workload has no such task. */
export const taskOrdinal = ({ nodes }: TaskGraph, key: string): number | undefined => {
  const task = parseTaskKey(key);
  const node = task === undefined ? undefined : nodes.find(({ id }) => id === task.node);
  return node === undefined || task === undefined ? undefined : ordinalIn(node, task.index);
};
