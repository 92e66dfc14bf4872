import { taskOrdinal } from '../graph/task-graph.ts';
import { has } from '../sets/bitmap.ts';
import type { Entry, RequestMark } from '../state/entries.ts';
import { approvalOf, generationOf, type WorkloadState } from '../state/workload.ts';
import type { Refusal } from './decision.ts';
import type { Command } from './inputs.ts';

/** What a person says of a result. */
export type Rule = Extract<Command, { kind: 'rule' }>;

/** Why a ruling is refused; undefined if it is not. */
export const refusalOfRuling = (
  state: WorkloadState,
  { task, generation, isApproved }: Rule,
): Refusal | undefined => {
  const ordinal = taskOrdinal(state.graph, task);
  const approval = ordinal === undefined ? undefined : approvalOf(state, ordinal);
  if (ordinal === undefined || approval === undefined || !has(state.done, ordinal)) {
    return { reason: 'NOTHING_TO_APPROVE', task };
  }
  const current = generationOf(state, ordinal);
  if (generation !== current) {
    return { reason: 'RESULT_REPLACED', task, generation: current };
  }
  const { ruling } = approval;
  return ruling !== undefined && ruling.isApproved !== isApproved
    ? { reason: 'ALREADY_RULED', task, ruling: isApproved ? 'rejected' : 'approved', by: ruling.by }
    : undefined;
};

/** The entry of a ruling that nothing refuses; undefined if somebody ruled so before, and nobody has to recognise this request. */
export const rulingEntry = (
  state: WorkloadState,
  { task, generation, isApproved, by, reason }: Rule,
  request: RequestMark | undefined,
): Entry | undefined => {
  const ordinal = taskOrdinal(state.graph, task);
  return ordinal === undefined || (!has(state.unruled, ordinal) && request === undefined)
    ? undefined
    : {
        kind: isApproved ? 'approved' : 'rejected',
        task,
        generation,
        by,
        reason,
        ...(request && { request }),
      };
};

/** Who rejected the result of a task, and why. */
export const rejectionWords = (state: WorkloadState, ordinal: number): string => {
  const { by = '', reason = '' } = approvalOf(state, ordinal)?.ruling ?? {};
  return `rejected by ${by}${reason === '' ? '' : `: ${reason}`}`;
};
