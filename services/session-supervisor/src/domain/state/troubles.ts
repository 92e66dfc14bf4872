import { sparseSet } from '../sets/sparse-map.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import { troubleOf, type Trouble, type WorkloadState } from './workload.ts';

/** The state after what went wrong with a task has changed. A task that the workload does not have changes nothing. */
export const withTrouble = (
  state: WorkloadState,
  task: string,
  change: (trouble: Trouble) => Trouble,
): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  if (ordinal === undefined) {
    return state;
  }
  const trouble = change(troubleOf(state, ordinal) ?? { failures: [], losses: 0, vainLosses: 0 });
  return { ...state, troubles: sparseSet(state.troubles, ordinal, trouble) };
};
