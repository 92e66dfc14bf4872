import { formatTaskKey } from '#libs/mesh/index.ts';
import {
  indicesOf,
  indicesToText,
  ordinalOf,
  onlyOuterNode,
  parseTasks,
  subsetToText,
  type NamedNodes,
  type NodeTasks,
} from '#libs/indices/index.ts';
import type { OrdinalRange } from '../sets/bitmap.ts';
import { ordinalIn, type PlacedNode, type TaskGraph } from './task-graph.ts';

/* The text of a task set, as `libs/indices/task-expression.ts` reads it. */

/** A text of parts; those without indices are left out. */
const textOf = (
  { nodes }: NamedNodes,
  parts: readonly { node: string; indices: string }[],
): string => {
  const own = onlyOuterNode(nodes)?.id;
  return parts
    .filter(({ indices }) => indices !== '')
    .map(({ node, indices }, i) =>
      i === 0 && node === own ? indices : indices.replaceAll(/(?<=^|,)/g, `${node}/`),
    )
    .join(',');
};

/** The text of the tasks with these ascending ordinals; empty for none. O(log ranges + ranges touched) for each run. */
export const tasksToText = (graph: TaskGraph, ordinals: Iterable<OrdinalRange>): string => {
  const runs = [...ordinals];
  return textOf(
    graph,
    graph.nodes.map((node) => ({
      node: node.id,
      indices: subsetToText(node.indices, runsWithin(node, runs)),
    })),
  );
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

/** The normal form of a task set: `1-40` for the only node that is not inner if it stands first, else each part begins with its node. */
export const taskSetToText = (graph: NamedNodes, tasks: readonly NodeTasks[]): string =>
  textOf(
    graph,
    tasks.map(({ node, indices }) => ({ node, indices: indicesToText(indices) })),
  );

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
