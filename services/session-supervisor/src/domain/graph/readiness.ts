import { indexAt } from '#libs/indices/index.ts';
import { bitmapOf, filtered, has, withBit, withoutBit, type Bitmap } from '../sets/bitmap.ts';
import type { WorkloadState } from '../state/workload.ts';
import {
  nodeAt,
  nodeOf,
  ordinalIn,
  taskIndex,
  type PlacedNode,
  type TaskGraph,
} from './task-graph.ts';

type Decided = Pick<WorkloadState, 'graph' | 'done' | 'givenUp' | 'unruled' | 'rejected'>;

/** The predecessors of a task, and for each whether it is decided as the task needs it. */
const predecessorsOf = (
  { graph, done, givenUp, unruled, rejected }: Decided,
  ordinal: number,
): { ordinal: number; isMet: boolean; isHopeless: boolean }[] => {
  const { after, indices, offset } = nodeAt(graph, nodeOf(graph, ordinal));
  return after.flatMap((edge) => {
    const node = graph.nodes.find(({ id }) => id === edge.node);
    const before =
      edge.isShared === true
        ? node?.offset
        : node && ordinalIn(node, indexAt(indices, ordinal - offset));
    if (before === undefined) {
      return [];
    }
    const isRejected = has(rejected, before);
    const isFailed = has(givenUp, before) || isRejected;
    const isGood = has(done, before) && !isRejected && !has(unruled, before);
    const isMet = isGood || (isFailed && edge.on === 'end');
    return [{ ordinal: before, isMet, isHopeless: isFailed && !isMet }];
  });
};

export const successorsOf = (graph: TaskGraph, ordinal: number): number[] => {
  const { id, successors } = nodeAt(graph, nodeOf(graph, ordinal));
  if (successors.length === 0) {
    return [];
  }
  const index = taskIndex(graph, ordinal);
  return successors.flatMap((place) => {
    const node = nodeAt(graph, place);
    return isShared(node, id)
      ? Array.from({ length: node.indices.count }, (_, i) => node.offset + i)
      : (ordinalIn(node, index) ?? []);
  });
};

const isShared = ({ after }: PlacedNode, id: string): boolean =>
  after.some((edge) => edge.node === id && edge.isShared === true);

/** Whether all tasks of another node depend on this one. */
export const carriesNode = (graph: TaskGraph, ordinal: number): boolean => {
  const { id, successors } = nodeAt(graph, nodeOf(graph, ordinal));
  return successors.some((place) => isShared(nodeAt(graph, place), id));
};

/** The tasks of inner nodes on whose results a task depends. */
export const inputsOf = (decided: Decided, ordinal: number): number[] =>
  predecessorsOf(decided, ordinal)
    .map((before) => before.ordinal)
    .filter((before) => nodeAt(decided.graph, nodeOf(decided.graph, before)).isInner === true);

/** The predecessor that was given up or rejected, so that an undecided task can never begin; undefined if there is none. */
export const hopelessAfter = (decided: Decided, ordinal: number): number | undefined =>
  predecessorsOf(decided, ordinal).find((before) => before.isHopeless)?.ordinal;

/** Whether an undecided task can never begin. */
export const isHopeless = (decided: Decided, ordinal: number): boolean =>
  hopelessAfter(decided, ordinal) !== undefined;

/** These tasks, and the direct and indirect predecessors that were given up and have to be done again before them. */
export const withHopes = (decided: Decided, ordinals: Iterable<number>): Set<number> => {
  const hopes = new Set(ordinals);
  if (decided.graph.nodes.length === 1) {
    return hopes;
  }
  // The set grows while it is walked, so that each task is looked at once, however many paths lead to it.
  for (const ordinal of hopes) {
    for (const before of predecessorsOf(decided, ordinal)) {
      if (before.isHopeless) {
        hopes.add(before.ordinal);
      }
    }
  }
  return hopes;
};

/** All direct and indirect successors of these tasks. A task itself is included only if it follows another one. */
export const falloutOf = (graph: TaskGraph, ordinals: Iterable<number>): Set<number> => {
  const fallout = new Set<number>();
  if (graph.nodes.length === 1) {
    return fallout;
  }
  // The set grows while it is walked, so each task is looked at once.
  for (const each of [ordinals, fallout]) {
    for (const ordinal of each) {
      successorsOf(graph, ordinal).forEach((successor) => fallout.add(successor));
    }
  }
  return fallout;
};

/** Whether a task is undecided and may not begin yet. */
const isBlocked = (decided: Decided, ordinal: number): boolean =>
  !has(decided.done, ordinal) &&
  !has(decided.givenUp, ordinal) &&
  predecessorsOf(decided, ordinal).some(({ isMet }) => !isMet);

/** `blocked` of a state that was read whole. Looks at each task that has predecessors. */
export const blockedOf = (decided: Decided): Bitmap =>
  filtered(initiallyBlocked(decided.graph), (ordinal) => isBlocked(decided, ordinal));

/** The tasks that are blocked in a new workload: those that have predecessors. */
export const initiallyBlocked = ({ nodes, count }: TaskGraph): Bitmap =>
  bitmapOf(
    count,
    nodes.flatMap(({ after, offset, indices }) =>
      after.length === 0 ? [] : [{ first: offset, last: offset + indices.count - 1 }],
    ),
  );

/** `blocked` after decisions about these tasks were made or taken back. Checks these tasks and their direct successors again. */
export const blockedAfter = (
  decided: Decided & Pick<WorkloadState, 'blocked'>,
  changed: Iterable<number>,
): Bitmap => {
  const { graph } = decided;
  let { blocked } = decided;
  if (graph.nodes.length === 1) {
    return blocked;
  }
  const look = (ordinal: number): void => {
    blocked = (isBlocked(decided, ordinal) ? withBit : withoutBit)(blocked, ordinal);
  };
  for (const ordinal of changed) {
    [ordinal, ...successorsOf(graph, ordinal)].forEach(look);
  }
  return blocked;
};
