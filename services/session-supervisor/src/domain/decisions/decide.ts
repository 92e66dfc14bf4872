import type { Workers } from '../scheduling/workers.ts';
import { decideCommand } from './decide-commands.ts';
import { decideReports } from './decide-reports.ts';
import {
  decideExchange,
  decideNewUsers,
  decideTick,
  decideUserGone,
  decideUserHeld,
  decideUserIdle,
  releaseIfEmpty,
} from './decide-users.ts';
import { record, type Draft, type Effect } from './decision.ts';
import { endIfDone, endRepairs } from './endings.ts';
import type { Entry } from '../state/entries.ts';
import type { At } from '../state/fold.ts';
import type { Input } from './inputs.ts';
import { hasEnded, isOver, type WorkloadState } from '../state/workload.ts';

/** What the owner of a workload decides on: the tip of the journal, and what the owner knows about the users. */
export interface Session {
  state: WorkloadState;
  workers: Workers;
  /** How many users one workload of this customer may have, by plan. */
  planUsers: number;
}

/** The result of an input. The entries are already folded into `state`; the effects wait until the entries are durable. */
export interface Decision {
  state: WorkloadState;
  entries: Entry[];
  effects: Effect[];
}

/**
 * Decides one input on the tip. The function is pure but for `workers`: the same session, input and times give the same
 * decision. It updates `workers` in place (see `Workers`) and adds users whose work changed to `workers.dirty`.
 *
 * @param at where the entries will stand: position and wall clock.
 * @param now monotonic milliseconds, for spans.
 */
export const decide = (
  { state, workers, planUsers }: Session,
  input: Input,
  at: At,
  now: number,
): Decision => {
  const draft: Draft = { state, workers, planUsers, at, now, entries: [], effects: [] };
  obey(draft, input);
  // The input may have decided the last open task.
  endIfDone(draft);
  if (hasEnded(state) && !isOver(state) && isOver(draft.state)) {
    endRepairs(draft);
  }
  return { state: draft.state, entries: draft.entries, effects: draft.effects };
};

const obey = (draft: Draft, input: Input): void => {
  switch (input.kind) {
    case 'reports':
      decideReports(draft, input);
      return giveBackEmpty(draft, input.user);
    case 'command':
      return decideCommand(draft, input.ticket, input.command, input.request);
    case 'exchange':
      return decideExchange(draft, input);
    case 'new-users':
      return decideNewUsers(draft, input.users);
    case 'user-held':
      return decideUserHeld(draft, input.user, input.connection, input.held);
    case 'user-gone':
      return decideUserGone(draft, input.user, input.connection, input.isClean);
    case 'user-idle':
      return decideUserIdle(draft, input.user, input.connection);
    case 'tick':
      return decideTick(draft);
    case 'close':
      return draft.state.closed ? undefined : record(draft, { kind: 'closed' });
    default:
      return input satisfies never;
  }
};

const giveBackEmpty = (draft: Draft, user: string): void => {
  const worker = draft.workers.byId.get(user);
  if (worker !== undefined) {
    releaseIfEmpty(draft, worker);
  }
};
