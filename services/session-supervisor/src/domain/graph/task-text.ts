import { indicesInvalid } from './index-errors.ts';
import { parseIndices } from './index-expression.ts';
import { indicesOf, indicesToText, ordinalOf, subsetToText, type IndexSet } from './index-set.ts';
import type { OrdinalRange } from './ordinals.ts';
import { ordinalIn, type PlacedNode, type TaskGraph } from './task-graph.ts';

/**
 * Tasks as people and journals write them. Where a workload has one node the indices are enough: `1-40,50`. Where it has
 * several each part names its node: `mesh/0-2,solve/1`; a part without a name is of the node named last, as in `solve/0-2,7`.
 */

/** The tasks with these ordinals, which ascend. Empty for none. O(log ranges + ranges touched) for each run. */
export const tasksToText = (graph: TaskGraph, ordinals: Iterable<OrdinalRange>): string => {
  const [only] = graph.nodes;
  if (graph.nodes.length === 1 && only !== undefined) return subsetToText(only.indices, ordinals);
  const runs = [...ordinals];
  return graph.nodes
    .flatMap((node) => {
      const text = subsetToText(node.indices, runsWithin(node, runs));
      return text === '' ? [] : text.split(',').map((part) => `${node.id}/${part}`);
    })
    .join(',');
};

const runsWithin = ({ offset, indices }: PlacedNode, runs: readonly OrdinalRange[]): OrdinalRange[] =>
  runs.flatMap(({ first, last }) => {
    const from = Math.max(first - offset, 0);
    const to = Math.min(last - offset, indices.count - 1);
    return from <= to ? [{ first: from, last: to }] : [];
  });

/** Some indices of one node, as a text names them. */
export interface NodeTasks {
  readonly node: string;
  readonly indices: IndexSet;
}

/** Of a graph, what its nodes are called. */
interface Named {
  readonly nodes: readonly { readonly id: string }[];
}

const NAMED = /^\s*([a-z][a-z0-9-]{0,31})\//;

/**
 * Reads a text that is not empty. Nodes and indices need not be in the graph; `unknownTask` finds what is not.
 *
 * Throws INVALID_ARGUMENT `FRAMES_INVALID`, `FRAMES_TOO_MANY`, `FRAMES_TOO_COMPLEX`, as `parseIndices` does; the position counts
 * within the part of one node. A part that could be of several nodes is `FRAMES_INVALID` too.
 */
export const parseTasks = ({ nodes }: Named, text: string): NodeTasks[] => {
  if (!text.includes('/')) {
    const [only] = nodes;
    if (only !== undefined && nodes.length === 1) return [{ node: only.id, indices: parseIndices(text) }];
  }
  const parts = new Map<string, string[]>();
  let node = nodes.length === 1 ? nodes[0]?.id : undefined;
  for (const part of text.split(',')) {
    const named = NAMED.exec(part);
    node = named?.[1] ?? node;
    if (node === undefined) throw indicesInvalid(1, `a step (${nodes.map(({ id }) => `${id}/…`).join(' or ')})`, part);
    const indices = named === null ? part : part.slice(named[0].length);
    const known = parts.get(node);
    if (known === undefined) parts.set(node, [indices]);
    else known.push(indices);
  }
  return [...parts].map(([id, list]) => ({ node: id, indices: parseIndices(list.join(',')) }));
};

/** The same in normal form: `1-40` where there is one node, else with the node before each part. */
export const taskSetToText = ({ nodes }: Named, tasks: readonly NodeTasks[]): string =>
  tasks
    .flatMap(({ node, indices }) => {
      const text = indicesToText(indices);
      return nodes.length === 1 ? [text] : text.split(',').map((part) => `${node}/${part}`);
    })
    .join(',');

/** The key of the first task that a text names and the graph lacks. */
export const unknownTask = ({ nodes }: TaskGraph, tasks: readonly NodeTasks[]): string | undefined => {
  for (const { node: id, indices } of tasks) {
    const node = nodes.find((each) => each.id === id);
    for (const index of indicesOf(indices)) {
      if (node === undefined || ordinalOf(node.indices, index) === undefined) return `${id}/${index}`;
    }
  }
  return undefined;
};

/** Whether a task is among those that a text names. Costs memory by the range, not by the task. */
export const selectTasks = (graph: TaskGraph, text: string): ((node: string, index: number) => boolean) => {
  const tasks = text === '' ? [] : parseTasks(graph, text);
  return (node, index) => tasks.some((each) => each.node === node && ordinalOf(each.indices, index) !== undefined);
};

/** The ordinals of tasks as people write them; those that the workload does not have are left out. */
export const ordinalsFromText = (graph: TaskGraph, text: string): Set<number> => {
  const ordinals = new Set<number>();
  for (const { node: id, indices } of parseTasks(graph, text)) {
    const node = graph.nodes.find((each) => each.id === id);
    if (node === undefined) continue;
    for (const index of indicesOf(indices)) {
      const ordinal = ordinalIn(node, index);
      if (ordinal !== undefined) ordinals.add(ordinal);
    }
  }
  return ordinals;
};
