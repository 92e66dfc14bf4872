import type { Workers } from '../scheduling/workers.ts';
import type { Entry } from '../state/entries.ts';
import { fold, type At } from '../state/fold.ts';
import { versionToBegin } from '../scheduling/machines.ts';
import { hasEnded, type InputResult, type WorkloadState } from '../state/workload.ts';

/** What the shell does once a decision is durable. `ticket` identifies the request that is answered. */
export type Effect =
  | { kind: 'outcomes'; ticket: number; outcomes: Outcome[] }
  | { kind: 'answer'; ticket: number; refusal?: Refusal }
  /** Tell the matcher at once, not only at the next exchange. */
  | { kind: 'demand'; verb: 'more-users' | 'update-user-count' }
  /** Tell a user to stop, and give it back to the matcher. */
  | { kind: 'release'; user: { id: string; connection: string; claim: number; manager: string } }
  /** Look whether these accepted results are still stored, because a user could not get one of them. */
  | { kind: 'check'; results: InputResult[] }
  /** Look whether the input is still stored, because this user could not get it. */
  | { kind: 'check-scene'; userName: string }
  /** Tell the registry what second looks found. */
  | { kind: 'looked'; right: readonly string[]; wrong: readonly { user: string; reason: string }[] }
  /** Tell the registry that a result is not what its user reported. */
  | { kind: 'contradicted'; userId: string; reason: string }
  /** Look whether this checkpoint is still stored, because a user could not get it. */
  | { kind: 'check-checkpoint'; checkpoint: InputResult }
  /** A checkpoint of this task replaced an earlier one, whose files may go. */
  | { kind: 'keep-parts'; ordinal: number }
  /** Nothing can be done until somebody rules: let the workload go, as at its end. */
  | { kind: 'parked' }
  /** Tell the operator of figures that a user cannot have measured. */
  | { kind: 'impossible'; userId: string; task: string; claimed: number; possible: number }
  | { kind: 'ended' };

/** Why a command is refused. The shell turns it into a typed error. */
export type Refusal =
  | { reason: 'WORKLOAD_ENDED'; state: string }
  | { reason: 'REQUEST_ID_REUSED'; requestId: string }
  /** The workload's results were removed, so no result can be added. */
  | { reason: 'RESULTS_DELETED' }
  | { reason: 'TOO_MANY_RETRIES' }
  /** Too many tasks would be taken back that need others which stay given up. */
  | { reason: 'RETRY_TOO_WIDE' }
  /** No result of the task waits for a ruling. */
  | { reason: 'NOTHING_TO_APPROVE'; task: string }
  /** The result that was looked at was made anew since; `generation` is that of the present one. */
  | { reason: 'RESULT_REPLACED'; task: string; generation: number }
  /** Somebody ruled otherwise before. */
  | { reason: 'ALREADY_RULED'; task: string; ruling: 'approved' | 'rejected'; by: string }
  /** It holds nothing that the command could change. */
  | { reason: 'AWAITING_APPROVAL' }
  | { reason: 'LET_GO' };

export interface Outcome {
  reportId: number;
  verdict: 'ACCEPTED' | 'SETTLED' | 'LATER';
  /** Empty for an accepted report. */
  reason: string;
}

/** What the owner of a workload decides on. */
export interface Session {
  /** The tip of the journal. */
  state: WorkloadState;
  readonly workers: Workers;
  /** How many users one workload of this customer may have, by plan. */
  planUsers: number;
}

/** The result of an input. The entries are already folded into `state`; the effects wait until the entries are durable. */
export interface Decision {
  state: WorkloadState;
  readonly entries: Entry[];
  readonly effects: Effect[];
}

/** A decision in the making: the growing tip, the workers, and the entries and effects so far. */
export interface Draft extends Session, Decision {
  readonly at: At;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** Adds an entry to the decision and folds it onto the tip, because later steps are decided on it. */
export const record = (draft: Draft, entry: Entry): void => {
  draft.state = fold(draft.state, entry, draft.at);
  draft.entries.push(entry);
};

/**
 * Records that the first work was handed out. A new owner may learn it only from the users, because hand-outs are not
 * journaled and the former owner may have died before its `started` was durable.
 */
export const recordStart = (draft: Draft): void => {
  const { startedAt, isVersionDropped } = draft.state;
  if ((startedAt !== undefined && !isVersionDropped) || hasEnded(draft.state)) {
    return;
  }
  record(draft, { kind: 'started', version: versionToBegin(draft.state, draft.workers) });
};
