import { sparseGet } from '../sets/sparse-map.ts';
import type { AttemptKey, ResumedFrom } from '../state/entries.ts';
import {
  checkpointOf,
  KEPT_CHECKPOINTS,
  troubleOf,
  type WorkloadState,
} from '../state/workload.ts';
import { record, type Draft } from './decision.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import type { InputOf, Report } from './inputs.ts';

type Who = AttemptKey & { userName: string };
type BodyOf<K extends Report['body']['kind']> = Extract<Report['body'], { kind: K }>;

/** Records a point from which the task can be resumed, if it is further than the last. Returns whether it is. */
export const recordCheckpoint = (
  draft: Draft,
  ordinal: number,
  who: Who,
  body: BodyOf<'checkpointed'>,
): boolean => {
  const { kind: _, ...made } = body;
  const last = checkpointOf(draft.state, ordinal);
  const kept = sparseGet(draft.state.checkpoints, ordinal)?.length ?? 0;
  if (!(made.position > (last?.position ?? -Infinity))) {
    return false;
  }
  record(draft, { kind: 'checkpointed', ...who, ...made });
  if (kept === KEPT_CHECKPOINTS) {
    draft.effects.push({ kind: 'keep-parts', ordinal });
  }
  return true;
};

/** What a user could not get of a task's own: the checkpoint that it was to go on from. The mesh looks for itself. */
export const checkCheckpoint = (draft: Draft, ordinal: number): void => {
  const point = checkpointOf(draft.state, ordinal);
  if (point !== undefined && point.blob !== '') {
    const { task, generation, blob, sha256, sizeBytes } = point;
    const checkpoint = { task, generation, blob, sha256, sizeBytes };
    draft.effects.push({ kind: 'check-checkpoint', checkpoint });
  }
};

/** Nobody goes on from a checkpoint that storage lost. */
export const forgetCheckpoint = (draft: Draft, lost: InputOf<'checkpoint-lost'>): void => {
  const { task, blob } = lost;
  const ordinal = taskOrdinal(draft.state.graph, task);
  const known = ordinal === undefined ? [] : (sparseGet(draft.state.checkpoints, ordinal) ?? []);
  if (known.some((each) => each.blob === blob)) {
    record(draft, { kind: 'checkpoint-lost', task, blob });
  }
};

/** Records that a user gave a task back. Returns false if that is known. */
export const recordYield = (
  draft: Draft,
  ordinal: number,
  who: Who,
  { reason, seconds }: BodyOf<'yielded'>,
): boolean => {
  if (troubleOf(draft.state, ordinal)?.yielded === who.attempt) {
    return false;
  }
  record(draft, { kind: 'yielded', ...who, reason, seconds });
  return true;
};

/** The checkpoint that an attempt made, as a result tells it; undefined if it is not kept any more. */
export const resumedFrom = (
  { checkpoints }: WorkloadState,
  ordinal: number,
  attempt: string,
): ResumedFrom | undefined => {
  const kept = sparseGet(checkpoints, ordinal) ?? [];
  const made = kept.findLast((each) => each.attempt === attempt);
  if (made !== undefined) {
    return { attempt, userName: made.userName, name: made.name };
  }
  return kept.findLast(({ resumed }) => resumed?.attempt === attempt)?.resumed;
};
