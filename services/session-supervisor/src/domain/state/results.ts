import { has } from '../sets/bitmap.ts';
import type { Entry } from './entries.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import { generationOf, type WorkloadState } from './workload.ts';

/** Whether an entry accepted the result that still counts for its task, because no retry or repair replaced it. */
export const isCurrentResult = (
  state: WorkloadState,
  entry: Entry,
): entry is Extract<Entry, { kind: 'accepted' }> => {
  if (entry.kind !== 'accepted') {
    return false;
  }
  const ordinal = taskOrdinal(state.graph, entry.task);
  return (
    ordinal !== undefined &&
    has(state.done, ordinal) &&
    generationOf(state, ordinal) === entry.generation
  );
};
