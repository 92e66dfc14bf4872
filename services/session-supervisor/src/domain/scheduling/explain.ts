import { plural } from '#libs/mesh/index.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { rangesOf } from '../sets/bitmap.ts';
import { sparseEntries, sparseGet } from '../sets/sparse-map.ts';
import { tasksToText } from '../graph/task-text.ts';
import { LOOK_PATIENCE_MS } from '../checking/policy.ts';
import { CONFIRM_MS } from '../state/suspicions.ts';
import { isVersionUnproven, VERSION_PATIENCE_MS } from './machines.ts';
import {
  countsOf,
  hasEnded,
  isParked,
  type Phase,
  type Suspicion,
  type WorkloadState,
} from '../state/workload.ts';

/** What the owner of a workload knows about the users. */
export interface Surroundings {
  active: number;
  entitled: number;
  suitable: number;
  connected: number;
  /** Why the last exchange with the matcher failed; empty if it did not. */
  exchangeError: string;
  /** Why results cannot be checked; empty if they can. */
  checkError: string;
}

/** The place of a workload in its customer's queue. */
export interface QueuePlace {
  /** 1 begins next. */
  place: number;
  length: number;
  /** The workloads that hold the slots of the plan. */
  running: readonly { id: string; phase: Phase }[];
  /** How many workloads the plan lets run at once. */
  slots: number;
}

interface WaitReason {
  code: string;
  message: string;
}

/**
 * Why a workload waits, the most important reason first.
 *
 * @param around undefined if no replica owns the workload now
 * @param queue undefined if it waits for no slot of the plan
 */
export const explain = (
  state: WorkloadState,
  planUsers: number,
  around: Surroundings | undefined,
  queue?: QueuePlace,
): WaitReason[] => {
  const { phase, ending, wanted, header } = state;
  if (hasEnded(state)) {
    const ended = {
      code: 'ENDED',
      message: `it is ${phase}${ending?.message ? `: ${ending.message}` : ''}`,
    };
    const { count } = state.repairs;
    const message = `${plural(count, 'task')} done again, because a result was missing, damaged or refused`;
    return count === 0 ? [ended] : [{ code: 'UNDER_REPAIR', message }, ended];
  }
  const reasons: WaitReason[] = [];
  const add = (code: string, message: string): void => void reasons.push({ code, message });
  if (phase === 'paused' && state.pausedBecause !== '') {
    add(
      'PAUSED',
      `it paused itself: ${state.pausedBecause}; retry the tasks, or resume it to go on all the same`,
    );
  } else if (phase === 'paused') {
    add('PAUSED', 'it is paused; resume it');
  }
  if (queue !== undefined) {
    add('QUEUED', queueWords(queue));
  }
  if (wanted === 0) {
    add('NO_USER_WANTED', 'it wants 0 users; set another number (muster users-wanted)');
  }
  if (state.unruled.count > 0) {
    add('AWAITING_APPROVAL', approvalWords(state));
  }
  if (isParked(state)) {
    return reasons;
  }
  const [suspicion] = state.suspicions;
  if (suspicion !== undefined) {
    add('AWAITS_CONFIRMATION', confirmationWords(suspicion, around?.suitable ?? 0));
  }
  if (around === undefined) {
    add(
      'NO_OWNER',
      'no session-supervisor owns it right now; another takes it over within 5 s if one runs',
    );
  } else if (around.exchangeError !== '') {
    add('DEPENDENCY_UNAVAILABLE', `users cannot be asked for: ${around.exchangeError}`);
  } else if (queue === undefined && phase !== 'paused' && wanted > 0 && around.active === 0) {
    if (around.connected === 0) {
      add('NO_USER_CONNECTED', 'no user is connected; start an agent (muster agent)');
    } else if (around.suitable === 0 && suspicion === undefined) {
      const machine = kindOf(header.spec).machineWords(header.spec, header.file, state);
      const none =
        around.connected === 1
          ? 'the only connected user does not have'
          : `none of the ${around.connected} connected users has`;
      const anew = isVersionUnproven(state)
        ? `; no result has it yet, and after ${VERSION_PATIENCE_MS / 1_000} s another is chosen`
        : '';
      add('NO_SUITABLE_USER', `${none} ${machine}${anew}`);
    } else if (around.suitable > 0) {
      add(
        'ALL_USERS_BUSY',
        around.suitable === 1
          ? 'the only suitable user serves another workload; its share comes as that finishes'
          : `all ${around.suitable} suitable users serve other workloads; its share comes as they finish`,
      );
    }
  }
  if (wanted > planUsers) {
    add('PLAN_LIMIT', `it wants ${plural(wanted, 'user')}, the plan allows ${planUsers}`);
  }
  if (state.barred.size > 0) {
    const users = [...state.barred.values()].join(', ');
    add(
      'USERS_BARRED',
      `users that failed what others completed get none of it until a retry: ${users}`,
    );
  }
  const failing = [...sparseEntries(state.troubles)].filter(
    ([, { failures, givenUp }]) => failures.length > 0 && !givenUp,
  );
  if (failing.length > 0) {
    add(
      'TASKS_FAILING',
      `${plural(failing.length, 'task')} failed and will be tried again; the last: ${failing.at(-1)?.[1].last?.reason ?? ''}`,
    );
  }
  const { count: unverified } = state.unverified;
  if (unverified > 0 && (around?.checkError ?? '') !== '') {
    add(
      'DEPENDENCY_UNAVAILABLE',
      `${plural(unverified, 'result')} cannot be checked: ${around?.checkError}`,
    );
  } else if (unverified > 0 && countsOf(state).remaining === 0) {
    add(
      'CHECKS_RESULTS',
      `it ends when ${plural(unverified, 'result')} more ${unverified === 1 ? 'is' : 'are'} verified`,
    );
  }
  const { size: looks } = state.looks;
  if (looks > 0 && countsOf(state).remaining === 0) {
    add(
      'AWAITS_SECOND_LOOK',
      `every task has a result; it ends when ${plural(looks, 'result')} ${looks === 1 ? 'is' : 'are'} made again by a machine of another owner, to see whether it comes out the same; where none does that within ${LOOK_PATIENCE_MS / 1_000} s, any machine may`,
    );
  }
  if (state.refused.length > 0) {
    const named = state.refused
      .slice(0, MAX_NAMED)
      .map(
        ({ id, results, task, reason }) =>
          `${plural(results, 'result')} of ${id} (${task}: ${reason})`,
      );
    add('RESULTS_REFUSED', `withdrawn and made again: ${named.join(', ')}`);
  }
  if (reasons.length === 0) {
    const { remaining } = countsOf(state);
    const active = around?.active ?? 0;
    const work = `${plural(active, 'user')} ${active === 1 ? 'works' : 'work'} on it`;
    const rest = `${plural(remaining, 'task')} ${remaining === 1 ? 'remains' : 'remain'}`;
    const { count } = state.blocked;
    const later = count === 0 ? '' : `, ${count} of them wait for others`;
    add('NOT_WAITING', `${work}, ${rest}${later}`);
  }
  return reasons;
};

/** Who may rule on what, and since when it waits. */
const approvalWords = ({ graph, unruled, approvals, header }: WorkloadState): string => {
  const named = rangesOf(unruled, 0, MAX_NAMED + 1);
  const tasks = tasksToText(graph, named.slice(0, MAX_NAMED));
  const more = named.length > MAX_NAMED ? ', …' : '';
  const first = named[0] && sparseGet(approvals, named[0].first);
  const since = new Date(first?.since ?? 0).toISOString();
  const waits = unruled.count === 1 ? 'waits' : 'wait';
  return `${plural(unruled.count, 'result')} ${waits} for approval since ${since}: ${tasks}${more}; customer ${header.customer} or an operator may approve or reject (muster approve ${header.id})`;
};

/** Longest reason of a suspicion in a message. */
const MAX_REASON = 300;

const confirmationWords = (
  { userName, failureClass, engine, reason }: Suspicion,
  suitable: number,
): string => {
  const what =
    engine === '' ? `the input cannot be used (${failureClass})` : `the input needs ${engine}`;
  const bound =
    suitable > 0 ? '' : `; none is there now, and after ${CONFIRM_MS / 1_000} s its word counts`;
  return `${userName} says that ${what}: ${reason.slice(0, MAX_REASON)}; it waits for a second machine to confirm that${bound}`;
};

/** Most running workloads that a message names. */
const MAX_NAMED = 5;

const queueWords = ({ place, length, running, slots }: QueuePlace): string => {
  const named = running
    .slice(0, MAX_NAMED)
    .map(({ id, phase }) => (phase === 'paused' ? `${id} (paused)` : id));
  const more = running.length > MAX_NAMED ? ` and ${running.length - MAX_NAMED} more` : '';
  const before = running.length === 0 ? '' : `; it waits for ${named.join(' or ')}${more} to end`;
  const plan = `the plan lets ${slots} ${slots === 1 ? 'workload' : 'workloads'} run at once`;
  return `it is number ${place} of ${length} in the queue, because ${plan}${before}. It starts by itself`;
};
