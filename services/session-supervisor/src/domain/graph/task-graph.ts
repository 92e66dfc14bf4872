import { parseIndices } from './index-expression.ts';
import { indexAt, indicesBetween, indicesOf, ordinalOf, subsetToText, type IndexSet } from './index-set.ts';
import type { WorkloadSpec } from '../header.ts';
import type { OrdinalRange } from './ordinals.ts';

/** The tasks of a workload: one node for now. A task is an *ordinal* inside, a key `<node>/<index>` outside. */
export interface TaskSet {
  /** `frames` or `noop`. */
  readonly node: string;
  /** The indices: frame numbers, or 0 … tasks - 1. */
  readonly indices: IndexSet;
}

/** The tasks of a specification. Costs the same for a million frames as for one. */
export const tasksOf = (spec: WorkloadSpec): TaskSet =>
  spec.kind === 'render'
    ? { node: 'frames', indices: parseIndices(spec.frames) }
    : { node: 'noop', indices: indicesBetween(0, spec.tasks - 1) };

/** The frame, or the number of the noop task. */
export const taskIndex = (tasks: TaskSet, ordinal: number): number => indexAt(tasks.indices, ordinal);

/** `frames/17`. */
export const taskKey = (tasks: TaskSet, ordinal: number): string => `${tasks.node}/${taskIndex(tasks, ordinal)}`;

const INDEX = /^(0|[1-9]\d{0,8})$/;

/** The ordinal of a key, or undefined if the workload has no such task. */
export const taskOrdinal = (tasks: TaskSet, key: string): number | undefined => {
  const prefix = `${tasks.node}/`;
  const index = key.startsWith(prefix) ? key.slice(prefix.length) : '';
  return INDEX.test(index) ? ordinalOf(tasks.indices, Number(index)) : undefined;
};

/** Tasks as people write them: `1-40,50`. The ranges ascend. */
export const tasksToText = (tasks: TaskSet, ordinals: Iterable<OrdinalRange>): string =>
  subsetToText(tasks.indices, ordinals);

/** The ordinals of tasks as people write them; those that the workload does not have are left out. */
export const ordinalsFromText = (tasks: TaskSet, text: string): Set<number> => {
  const ordinals = new Set<number>();
  for (const index of indicesOf(parseIndices(text))) {
    const ordinal = ordinalOf(tasks.indices, index);
    if (ordinal !== undefined) ordinals.add(ordinal);
  }
  return ordinals;
};
