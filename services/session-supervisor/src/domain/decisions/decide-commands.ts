import { decideRuling } from './approvals.ts';
import { record, type Draft, type Refusal } from './decision.ts';
import { fitWorkers } from './decide-users.ts';
import {
  currentOrdinals,
  isOpening,
  isTooWide,
  MAX_GENERATION,
  refusalOfReopening,
  repairEntry,
} from './reopen.ts';
import { retryOf } from '../state/fold.ts';
import { withdrawTask } from '../scheduling/workers.ts';
import { finish, giveUpHopeless } from './endings.ts';
import { makeAgain } from './make-again.ts';
import type { RequestMark } from '../state/entries.ts';
import type { Command } from './inputs.ts';
import { falloutOf } from '../graph/readiness.ts';
import { has } from '../sets/bitmap.ts';
import { hasEnded, isParked, type WorkloadState } from '../state/workload.ts';

/** Decides a command. A command with a request id always leaves an entry, because the entry makes a repetition recognisable. */
export const decideCommand = (
  draft: Draft,
  ticket: number,
  command: Command,
  request: RequestMark | undefined,
): void => {
  const known = request && draft.state.requests.get(request.requestId);
  const refusal =
    request === undefined || known === undefined
      ? obey(draft, command, request)
      : known === request.requestHash
        ? undefined
        : ({ reason: 'REQUEST_ID_REUSED', requestId: request.requestId } as const);
  draft.effects.push({ kind: 'answer', ticket, ...(refusal && { refusal }) });
};

const obey = (
  draft: Draft,
  command: Command,
  mark: RequestMark | undefined,
): Refusal | undefined => {
  const request = mark && { request: mark };
  const { phase } = draft.state;
  if (hasEnded(draft.state) && (command.kind === 'retry' || command.kind === 'repair')) {
    // The caller tries again until the workload is closed, and then reopens it.
    return refusalOfReopening(draft.state, command) ?? { reason: 'LET_GO' };
  }
  if (hasEnded(draft.state)) {
    // An ended workload takes no entries. A stop of a stopped workload needs none.
    return isStoppedSo(draft.state, command)
      ? undefined
      : { reason: 'WORKLOAD_ENDED', state: phase };
  }
  if (isParked(draft.state)) {
    // It lets go of what it held. The caller tries again until it is closed, and then opens it.
    return isOpening(command) ? { reason: 'LET_GO' } : { reason: 'AWAITING_APPROVAL' };
  }
  switch (command.kind) {
    case 'rule':
      return decideRuling(draft, command, mark);
    case 'stop':
      record(draft, { kind: 'stopped', deleteResults: command.deleteResults, ...request });
      finish(draft);
      return undefined;
    case 'pause':
      if (phase === 'paused' && mark === undefined) {
        return undefined;
      }
      record(draft, { kind: 'paused', ...request });
      fitWorkers(draft);
      return undefined;
    case 'resume':
      if (phase !== 'paused' && mark === undefined) {
        return undefined;
      }
      record(draft, { kind: 'resumed', ...request });
      fitWorkers(draft);
      draft.effects.push({ kind: 'demand', verb: 'more-users' });
      return undefined;
    case 'set-wanted':
      if (draft.state.wanted === command.wanted && mark === undefined) {
        return undefined;
      }
      record(draft, { kind: 'wanted-set', wanted: command.wanted, ...request });
      fitWorkers(draft);
      draft.effects.push({ kind: 'demand', verb: 'update-user-count' });
      return undefined;
    case 'retry': {
      const { tasks, fallout } = retryOf(draft.state, command.tasks);
      if (isTooWide(draft.state, command.tasks, fallout)) {
        return { reason: 'RETRY_TOO_WIDE' };
      }
      if (draft.state.generation >= MAX_GENERATION) {
        return { reason: 'TOO_MANY_RETRIES' };
      }
      record(draft, { kind: 'retried', tasks: command.tasks, ...request });
      // Users work on these tasks with results that no longer count.
      for (const ordinal of fallout) {
        withdrawTask(draft.workers, ordinal);
      }
      giveUpHopeless(draft, [...fallout]);
      return makeAgain(draft, [...tasks, ...fallout]);
    }
    case 'repair': {
      const ordinals = currentOrdinals(draft.state, command.damaged);
      if (ordinals.length === 0) {
        return undefined;
      }
      if (draft.state.generation >= MAX_GENERATION) {
        return { reason: 'TOO_MANY_RETRIES' };
      }
      record(draft, repairEntry(draft.state, ordinals, command.reason));
      // What a user works on with a damaged result begins again when that is there.
      for (const ordinal of falloutOf(draft.state.graph, ordinals)) {
        if (has(draft.state.blocked, ordinal)) {
          withdrawTask(draft.workers, ordinal);
        }
      }
      giveUpHopeless(draft, ordinals);
      return makeAgain(draft, ordinals);
    }
    default:
      return command satisfies never;
  }
};

/** Whether a command asks for the stop that has already happened, and for no removal of results beyond that stop's own. */
export const isStoppedSo = (
  state: Pick<WorkloadState, 'phase' | 'deleteResults'>,
  command: Command,
): boolean =>
  command.kind === 'stop' &&
  state.phase === 'stopped' &&
  (state.deleteResults || !command.deleteResults);
