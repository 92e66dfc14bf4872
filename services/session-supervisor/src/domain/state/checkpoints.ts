import { sparseDelete, sparseGet, sparseSet } from '../sets/sparse-map.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import type { Checkpoint, Entry } from './entries.ts';
import { withTrouble } from './troubles.ts';
import { KEPT_CHECKPOINTS, troubleOf, type WorkloadState } from './workload.ts';

/** A checkpoint that knows whose its attempt went on from, after that one is replaced. */
const withPast = (checkpoint: Checkpoint, last: Checkpoint | undefined): Checkpoint => {
  if (last === undefined) {
    return checkpoint;
  }
  const { attempt, userName, name } = last;
  const resumed = attempt === checkpoint.attempt ? last.resumed : { attempt, userName, name };
  return { ...checkpoint, ...(resumed && { resumed }) };
};

/** A checkpoint stands: its task goes on from it, and losses before it do not count. The newest few are kept. */
export const checkpointed = (
  state: WorkloadState,
  entry: Extract<Entry, { kind: 'checkpointed' }>,
): WorkloadState => {
  const { kind: _, ...checkpoint } = entry;
  const ordinal = taskOrdinal(state.graph, checkpoint.task);
  if (ordinal === undefined) {
    return state;
  }
  const known = sparseGet(state.checkpoints, ordinal) ?? [];
  const kept = [...known, withPast(checkpoint, known.at(-1))].slice(-KEPT_CHECKPOINTS);
  const gained = { ...state, checkpoints: sparseSet(state.checkpoints, ordinal, kept) };
  return troubleOf(state, ordinal) === undefined
    ? gained
    : withTrouble(gained, checkpoint.task, (trouble) => ({ ...trouble, vainLosses: 0 }));
};

/** Storage has lost a checkpoint: its task goes on from an older one, or from its beginning. */
export const checkpointLost = (
  state: WorkloadState,
  { task, blob }: Extract<Entry, { kind: 'checkpoint-lost' }>,
): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  const known = ordinal === undefined ? undefined : sparseGet(state.checkpoints, ordinal);
  if (ordinal === undefined || known === undefined) {
    return state;
  }
  const left = known.filter((each) => each.blob !== blob);
  const { checkpoints } = state;
  return {
    ...state,
    checkpoints:
      left.length === 0
        ? sparseDelete(checkpoints, ordinal)
        : sparseSet(checkpoints, ordinal, left),
  };
};
