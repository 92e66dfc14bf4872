import { decideChecked } from './decide-checked.ts';
import { decideCommand } from './decide-commands.ts';
import { decideReports } from './decide-reports.ts';
import {
  decideExchange,
  decideNewUsers,
  decideTick,
  decideUserGone,
  decideUserHeld,
  decideUserIdle,
} from './decide-users.ts';
import { decideSlow } from './decide-slow.ts';
import { forgetCheckpoint } from './handover.ts';
import { record, type Decision, type Draft, type Session } from './decision.ts';
import { distrustElsewhere } from './looks.ts';
import { confirmAlone, decideSceneLost } from './suspicions.ts';
import { dropVersion } from './version.ts';
import { parkIfWaiting } from './approvals.ts';
import { endIfDone, endRepairs } from './endings.ts';
import type { At } from '../state/fold.ts';
import type { Input } from './inputs.ts';
import { hasEnded, isOver } from '../state/workload.ts';

/**
 * Decides one input on the tip. Pure but for `workers`, which it updates in place (see `Workers`).
 *
 * @param now monotonic milliseconds, for spans
 */
export const decide = (session: Session, input: Input, at: At, now: number): Decision => {
  const { state } = session;
  const draft: Draft = { ...session, at, now, entries: [], effects: [] };
  obey(draft, input);
  // The input may have decided the last open task.
  endIfDone(draft);
  parkIfWaiting(draft);
  if (hasEnded(state) && !isOver(state) && isOver(draft.state)) {
    endRepairs(draft);
  }
  return { state: draft.state, entries: draft.entries, effects: draft.effects };
};

const obey = (draft: Draft, input: Input): void => {
  switch (input.kind) {
    case 'reports':
      return decideReports(draft, input);
    case 'command':
      return decideCommand(draft, input.ticket, input.command, input.request);
    case 'exchange':
      decideExchange(draft, input);
      input.barred.forEach((caught) => distrustElsewhere(draft, caught));
      confirmAlone(draft);
      return dropVersion(draft);
    case 'new-users':
      return decideNewUsers(draft, input.users);
    case 'user-held':
      return decideUserHeld(draft, input);
    case 'user-gone':
      return decideUserGone(draft, input);
    case 'user-idle':
      return decideUserIdle(draft, input);
    case 'slow':
      return decideSlow(draft, input);
    case 'checked':
      return decideChecked(draft, input);
    case 'scene-lost':
      return decideSceneLost(draft, input);
    case 'checkpoint-lost':
      return forgetCheckpoint(draft, input);
    case 'tick':
      return decideTick(draft);
    case 'close':
      return draft.state.closed ? undefined : record(draft, { kind: 'closed' });
    default:
      return input satisfies never;
  }
};
