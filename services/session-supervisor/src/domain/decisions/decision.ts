import type { Workers } from '../scheduling/workers.ts';
import type { Entry } from '../state/entries.ts';
import { fold, type At } from '../state/fold.ts';
import { versionToBegin } from '../scheduling/machines.ts';
import { hasEnded, type WorkloadState } from '../state/workload.ts';

/** What may be done outside once a decision is durable. `ticket` says whose request is answered. */
export type Effect =
  | { kind: 'outcomes'; ticket: number; outcomes: Outcome[] }
  | { kind: 'answer'; ticket: number; refusal?: Refusal }
  /** Tell the matcher at once instead of at the next exchange. */
  | { kind: 'demand'; verb: 'more-users' | 'update-user-count' }
  /** Have a user stop, and give it back. */
  | { kind: 'release'; user: { id: string; connection: string; claim: number; manager: string } }
  /** The workload has ended. */
  | { kind: 'ended' };

/** Why a command is refused; the shell makes a typed error of it. */
export type Refusal =
  | { reason: 'WORKLOAD_ENDED'; state: string }
  | { reason: 'REQUEST_ID_REUSED'; requestId: string }
  /** Its results were removed: nothing can be added to them. */
  | { reason: 'RESULTS_DELETED' }
  | { reason: 'TOO_MANY_RETRIES' }
  | { reason: 'LET_GO' };

/** What becomes of a report. */
export interface Outcome {
  reportId: number;
  verdict: 'ACCEPTED' | 'SETTLED' | 'LATER';
  /** Empty for accepted ones. */
  reason: string;
}

/** A decision in the making: the tip as it grows, the workers, and what came of the input so far. */
export interface Draft {
  state: WorkloadState;
  readonly workers: Workers;
  readonly entries: Entry[];
  readonly effects: Effect[];
  /** Where the entries will stand. */
  readonly at: At;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** How many users one workload of this customer may have, by plan. */
  readonly planUsers: number;
}

/** Decides an entry: folds it onto the tip, so that what follows is decided on it. */
export const record = (draft: Draft, entry: Entry): void => {
  draft.state = fold(draft.state, entry, draft.at);
  draft.entries.push(entry);
};

/**
 * Decides that work was handed out, unless that is said already. Hand-outs are not journaled, so that an owner may learn of
 * them from the users alone: what it wrote about the first one may have been lost with the owner before it.
 */
export const recordStart = (draft: Draft): void => {
  if (draft.state.startedAt !== undefined || hasEnded(draft.state)) return;
  record(draft, { kind: 'started', version: versionToBegin(draft.state, draft.workers) });
};
