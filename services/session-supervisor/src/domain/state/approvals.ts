import { sparseDelete, sparseSet } from '../sets/sparse-map.ts';
import { has, withBit, withoutBit } from '../sets/bitmap.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import type { Entry, TaskGeneration } from './entries.ts';
import type { At } from './fold.ts';
import { approvalOf, generationOf, isParked, type WorkloadState } from './workload.ts';

/* How rulings of people on results fold. Whoever calls opens the successors of the task after it. */

type EntryOf<K extends Entry['kind']> = Extract<Entry, { kind: K }>;

/** The ordinal of a result that is still the accepted one; undefined if it was taken back. */
const currentOrdinal = (
  state: WorkloadState,
  { task, generation }: TaskGeneration,
): number | undefined => {
  const ordinal = taskOrdinal(state.graph, task);
  return ordinal !== undefined &&
    has(state.done, ordinal) &&
    generationOf(state, ordinal) === generation
    ? ordinal
    : undefined;
};

export const approvalWanted = (
  state: WorkloadState,
  entry: EntryOf<'approval-wanted'>,
  { at: since }: At,
): WorkloadState => {
  const ordinal = currentOrdinal(state, entry);
  if (ordinal === undefined) {
    return state;
  }
  const { generation, sha256 } = entry;
  return {
    ...state,
    unruled: withBit(state.unruled, ordinal),
    approvals: sparseSet(state.approvals, ordinal, { generation, sha256, since }),
  };
};

export const ruled = (
  state: WorkloadState,
  entry: EntryOf<'approved' | 'rejected'>,
  { at }: At,
): WorkloadState => {
  const ordinal = currentOrdinal(state, entry);
  const approval = ordinal === undefined ? undefined : approvalOf(state, ordinal);
  if (ordinal === undefined || approval === undefined || approval.ruling !== undefined) {
    return state;
  }
  const { by, reason } = entry;
  const isApproved = entry.kind === 'approved';
  const ruling = { isApproved, by, reason, at };
  return unparked({
    ...state,
    unruled: withoutBit(state.unruled, ordinal),
    rejected: isApproved ? state.rejected : withBit(state.rejected, ordinal),
    approvals: sparseSet(state.approvals, ordinal, { ...approval, ruling }),
  });
};

/** The state after the result of a task was taken back. An approval is kept, for the case that the same is made again. */
export const withoutRuling = (state: WorkloadState, ordinal: number): WorkloadState => {
  const approval = approvalOf(state, ordinal);
  return approval === undefined
    ? state
    : {
        ...state,
        unruled: withoutBit(state.unruled, ordinal),
        rejected: withoutBit(state.rejected, ordinal),
        approvals:
          approval.ruling?.isApproved === true
            ? state.approvals
            : sparseDelete(state.approvals, ordinal),
      };
};

/** A parked workload has something to do again. */
export const unparked = (state: WorkloadState): WorkloadState =>
  isParked(state) ? { ...state, phase: 'running', closed: false } : state;
