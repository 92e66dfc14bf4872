import { formatTaskKey } from '#libs/mesh/index.ts';
import { parseIndices } from './index-expression.ts';
import {
  indicesInvalid,
  indicesOf,
  indicesToText,
  ordinalOf,
  subsetToText,
  type IndexSet,
} from './index-set.ts';
import type { OrdinalRange } from '../sets/bitmap.ts';
import {
  onlyOuterNode,
  ordinalIn,
  type PlacedNode,
  type TaskGraph,
  type TaskNode,
} from './task-graph.ts';

/*
 * The text of a task set. If a workload has one node, the indices are enough: `1-40,50`. If it has several, each part names
 * its node, or belongs to the node named last: `mesh/0-2,solve/1,7`. Where only one node is not inner, a part before the first
 * name belongs to it.
 */

interface Named {
  readonly nodes: readonly Pick<TaskNode, 'id' | 'isInner'>[];
}

/** The parts of a text for some indices of one node. */
const partsOf = ({ nodes }: Named, node: string, indices: string): string[] =>
  indices === ''
    ? []
    : nodes.length === 1
      ? [indices]
      : indices.split(',').map((part) => `${node}/${part}`);

/** The text of the tasks with these ascending ordinals; empty for none. O(log ranges + ranges touched) for each run. */
export const tasksToText = (graph: TaskGraph, ordinals: Iterable<OrdinalRange>): string => {
  const runs = [...ordinals];
  return graph.nodes
    .flatMap((node) => partsOf(graph, node.id, subsetToText(node.indices, runsWithin(node, runs))))
    .join(',');
};

/** The same for ordinals in any order. */
export const ordinalsToText = (graph: TaskGraph, ordinals: Iterable<number>): string => {
  const ascending = [...new Set(ordinals)].sort((a, b) => a - b);
  return tasksToText(
    graph,
    ascending.map((ordinal) => ({ first: ordinal, last: ordinal })),
  );
};

const runsWithin = (
  { offset, indices }: PlacedNode,
  runs: readonly OrdinalRange[],
): OrdinalRange[] =>
  runs.flatMap(({ first, last }) => {
    const from = Math.max(first - offset, 0);
    const to = Math.min(last - offset, indices.count - 1);
    return from <= to ? [{ first: from, last: to }] : [];
  });

/** The indices of one node that a text names. */
interface NodeTasks {
  readonly node: string;
  readonly indices: IndexSet;
}

const NAMED = /^\s*([a-z][a-z0-9-]{0,31})\//;

/**
 * Reads a text that is not empty. It may name nodes and indices that the graph lacks; `unknownTask` finds those. Throws as
 * `parseIndices` does, with a position within the part of one node, and `FRAMES_INVALID` for a part without a node.
 */
export const parseTasks = ({ nodes }: Named, text: string): NodeTasks[] => {
  const parts = new Map<string, string[]>();
  let node = onlyOuterNode(nodes)?.id;
  for (const part of text.split(',')) {
    const named = NAMED.exec(part);
    node = named?.[1] ?? node;
    if (node === undefined) {
      const steps = nodes.map(({ id }) => `${id}/…`).join(' or ');
      throw indicesInvalid(1, `a step (${steps})`, part, `${nodes[0]?.id}/0-2,7`);
    }
    const list = parts.get(node) ?? [];
    list.push(named === null ? part : part.slice(named[0].length));
    parts.set(node, list);
  }
  return [...parts].map(([id, list]) => ({ node: id, indices: parseIndices(list.join(',')) }));
};

/** The normal form of a task set: `1-40` if the graph has one node, else each part begins with its node. */
export const taskSetToText = (graph: Named, tasks: readonly NodeTasks[]): string =>
  tasks.flatMap(({ node, indices }) => partsOf(graph, node, indicesToText(indices))).join(',');

/** Each named task, with its ordinal if the graph has it. */
function* tasksIn({ nodes }: TaskGraph, tasks: readonly NodeTasks[]) {
  for (const { node, indices } of tasks) {
    const placed = nodes.find(({ id }) => id === node);
    for (const index of indicesOf(indices)) {
      yield { node, index, ordinal: placed && ordinalIn(placed, index) };
    }
  }
}

/** The key of the first task that is named but is not in the graph; undefined if all are. */
export const unknownTask = (graph: TaskGraph, tasks: readonly NodeTasks[]): string | undefined => {
  const unknown = tasksIn(graph, tasks).find(({ ordinal }) => ordinal === undefined);
  return unknown && formatTaskKey(unknown);
};

/** A test of whether a text names a task. Its memory grows with the ranges, not with the tasks. */
export const selectTasks = (
  graph: TaskGraph,
  text: string,
): ((node: string, index: number) => boolean) => {
  const tasks = text === '' ? [] : parseTasks(graph, text);
  return (node, index) =>
    tasks.some((each) => each.node === node && ordinalOf(each.indices, index) !== undefined);
};

/** The ordinals of the tasks that a text names. Tasks that the workload does not have are left out. */
export const ordinalsFromText = (graph: TaskGraph, text: string): Set<number> =>
  new Set(
    tasksIn(graph, parseTasks(graph, text))
      .map(({ ordinal }) => ordinal)
      .filter((ordinal) => ordinal !== undefined),
  );
