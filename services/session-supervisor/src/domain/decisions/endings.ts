import { withdraw, withdrawTask, type Worker } from '../scheduling/workers.ts';
import { record, type Draft } from './decision.ts';
import { ordinalsOf, rangesOf } from '../sets/bitmap.ts';
import { reachOf } from '../scheduling/demand.ts';
import { kindOf } from '../../kinds/kinds.ts';
import type { Report } from './inputs.ts';
import { dropLooks } from './drop-looks.ts';
import { carriesNode, isHopeless, successorsOf } from '../graph/readiness.ts';
import { tasksToText } from '../graph/task-text.ts';
import { givenUpEntry, hopelessReason } from './reopen.ts';
import { faultIn } from '../state/suspicions.ts';
import { rejectionWords } from './rulings.ts';
import {
  checkpointOf,
  countsOf,
  hasEnded,
  isOpen,
  isReady,
  readyCount,
  troubleOf,
  type WorkloadState,
} from '../state/workload.ts';

/** A task is given up after this multiple of its budget of failures, however few users tried it. */
const HARD_LIMIT = 3;

/** Longest text for people in the journal, in characters. */
const MAX_TEXT = 2_000;

/** A task is given up after this many failures of any kind; failures that are the machines' fault count too. */
const MAX_FAILURES = 100;

/** For this long the matcher may still name a user that was given back. If it does so later, the release was lost. */
const GIVEN_BACK_MS = 3_000;

/** Runs after a failed attempt. Gives the task up if its budget is spent. */
export const spendBudget = (
  draft: Draft,
  ordinal: number,
  { failureClass, reason }: Extract<Report['body'], { kind: 'failed' }>,
): void => {
  if (faultIn(draft.state, failureClass) === 'final' || isSpent(draft, ordinal)) {
    giveUp(draft, ordinal, `${failureClass}: ${reason}`);
  }
};

/** Runs after a result was refused. Gives the task up if its budget is spent. */
export const spendRefusal = (draft: Draft, ordinal: number, reason: string): void => {
  if (isSpent(draft, ordinal)) {
    giveUp(draft, ordinal, `PICTURE_INVALID: ${reason}`);
  }
};

/** Whether enough users failed a task, or few could try it and it failed often enough, or it failed far too often. */
const isSpent = (draft: Draft, ordinal: number): boolean => {
  const { maxFailures } = draft.state.header.spec;
  const { failures = [] } = troubleOf(draft.state, ordinal) ?? {};
  const faults = failures.filter((failure) => failure.isTaskFault);
  const users = new Set(faults.map(({ user }) => user)).size;
  const limit = reachOf(draft) < maxFailures ? maxFailures : maxFailures * HARD_LIMIT;
  return users >= maxFailures || faults.length >= limit || failures.length >= MAX_FAILURES;
};

/** Runs after a lost attempt. Gives the task up if it was lost too often. */
export const spendLoss = (draft: Draft, ordinal: number): void => {
  const losses = troubleOf(draft.state, ordinal)?.vainLosses ?? 0;
  if (losses >= draft.state.header.spec.maxLosses) {
    const since =
      checkpointOf(draft.state, ordinal) === undefined ? '' : ' since its last checkpoint';
    giveUp(
      draft,
      ordinal,
      `lost ${losses} times${since}: each time the user vanished while working on it`,
    );
  }
};

const giveUp = (draft: Draft, ordinal: number, reason: string): void => {
  if (dropLooks(draft, ordinal)) {
    withdrawTask(draft.workers, ordinal);
    return;
  }
  recordGivenUp(draft, ordinal, reason);
  pauseIfMostFail(draft, reason);
};

const recordGivenUp = (draft: Draft, ordinal: number, reason: string): void => {
  const { graph } = draft.state;
  record(draft, givenUpEntry(draft.state, ordinal, reason));
  withdrawTask(draft.workers, ordinal);
  if (carriesNode(graph, ordinal) && !hasEnded(draft.state)) {
    // Nothing else can be done, and a task for each entry would not fit into one document.
    return failForTasks(draft);
  }
  giveUpHopeless(draft, successorsOf(graph, ordinal));
  openSuccessors(draft, ordinal);
};

/** Gives up those of these tasks that can never begin because a predecessor was given up, and then their own successors. */
export const giveUpHopeless = (draft: Draft, ordinals: readonly number[]): void => {
  for (const ordinal of ordinals) {
    if (isOpen(draft.state, ordinal) && isHopeless(draft.state, ordinal)) {
      recordGivenUp(draft, ordinal, hopelessReason(draft.state, ordinal));
    }
  }
};

/** Runs after a task was decided. Successors that may begin now wait for a user. */
export const openSuccessors = (draft: Draft, ordinal: number): void => {
  const { state, workers, planUsers } = draft;
  const opened = successorsOf(state.graph, ordinal).filter((each) => isReady(state, each));
  if (opened.length === 0) {
    return;
  }
  if (carriesNode(state.graph, ordinal)) {
    // All had their turn while they were blocked. They get another one, in the workload's order.
    workers.queue.restart();
  } else {
    for (const each of opened) {
      workers.queue.giveBack(each);
    }
  }
  // If there were fewer tasks than wanted users, the demand has grown.
  if (readyCount(state) - opened.length < Math.min(state.wanted, planUsers)) {
    draft.effects.push({ kind: 'demand', verb: 'more-users' });
  }
};

/** A workload pauses itself if at least this number and more than this share of its tasks failed: something is wrong with it. */
const MANY_FAILED = 5;
const MUCH_FAILED = 0.1;

const pauseIfMostFail = (draft: Draft, last: string): void => {
  const { state } = draft;
  const { total, failed, remaining } = countsOf(state);
  const fresh = failed - state.tolerated;
  const mayPause = !hasEnded(state) && state.phase !== 'paused' && remaining > 0;
  if (mayPause && fresh >= MANY_FAILED && fresh > MUCH_FAILED * total) {
    const reason = `${fresh} of ${total} tasks failed; the last: ${last}`;
    record(draft, { kind: 'paused', reason: reason.slice(0, MAX_TEXT) });
  }
};

/** Ends the workload when every task is decided, and every result that the mesh checks is verified. */
export const endIfDone = (draft: Draft): void => {
  if (hasEnded(draft.state)) {
    return;
  }
  const { remaining, failed } = countsOf(draft.state);
  const { unverified, unruled, rejected, looks } = draft.state;
  if (remaining > 0 || unverified.count > 0 || unruled.count > 0 || looks.size > 0) {
    return;
  }
  if (failed > 0 || rejected.count > 0) {
    failForTasks(draft);
  } else {
    record(draft, { kind: 'completed' });
    finish(draft);
  }
};

/** Runs when the last repair of an ended workload is made or given up. The workload is over again. */
export const endRepairs = (draft: Draft): void => {
  if (draft.state.phase === 'completed' && draft.state.givenUp.count > 0) {
    failForTasks(draft);
  } else {
    finish(draft);
  }
};

const failForTasks = (draft: Draft): void => {
  const { graph, givenUp, rejected, header } = draft.state;
  const isRejected = givenUp.count === 0;
  const ranges = rangesOf(isRejected ? rejected : givenUp, 0, 21);
  const named = tasksToText(graph, ranges.slice(0, 20));
  const more = ranges.length > 20 ? ', …' : '';
  const first = ranges[0]?.first ?? 0;
  const why = isRejected
    ? rejectionWords(draft.state, first)
    : (troubleOf(draft.state, first)?.givenUp ?? '');
  const { total } = countsOf(draft.state);
  const counts = isRejected
    ? `${rejected.count} of ${total} results rejected`
    : `${givenUp.count} of ${total} failed`;
  const kind = kindOf(header.spec);
  const reason = isUntried(draft.state) ? kind.rejected : kind.tasksFailed;
  fail(draft, reason, `${counts}: ${named}${more}; the first: ${why}`);
};

/** Whether nobody failed at what was given up: it stood after results that a person rejected. */
const isUntried = (state: WorkloadState): boolean =>
  state.rejected.count > 0 &&
  ordinalsOf(state.givenUp).every((ordinal) => {
    const { failures = [], losses = 0 } = troubleOf(state, ordinal) ?? {};
    return failures.length === 0 && losses === 0;
  });

/** Ends the workload as failed, and names at the end of the message who says so. */
export const fail = (draft: Draft, reason: string, message: string, says = ''): void => {
  const text = message.slice(0, MAX_TEXT - says.length);
  record(draft, { kind: 'failed', reason, message: text + says });
  finish(draft);
};

/** Releases all users, after an entry has ended the workload. */
export const finish = (draft: Draft): void => {
  releaseAll(draft);
  draft.effects.push({ kind: 'ended' });
};

/** Gives all users back to the matcher. */
export const releaseAll = (draft: Draft): void => {
  // The matcher must hear first that no users are wanted, because otherwise it would assign the released ones again at once.
  if (draft.workers.byId.size > 0) {
    draft.effects.push({ kind: 'demand', verb: 'update-user-count' });
  }
  for (const worker of draft.workers.byId.values()) {
    release(draft, worker);
  }
};

/** Gives a user back to the matcher. The tasks that it holds wait again. */
export const release = (draft: Draft, worker: Worker): void => {
  const { id, connection, claim, manager } = worker;
  takeBack(draft, worker, 0);
  forgetWorker(draft, worker);
  draft.workers.givenBack.set(id, { claim, until: draft.now + GIVEN_BACK_MS });
  draft.effects.push({ kind: 'release', user: { id, connection, claim, manager } });
};

/** Withdraws all attempts of a worker but the first `keep`. Their tasks wait again. */
export const takeBack = ({ workers }: Draft, worker: Worker, keep: number): void => {
  for (const [attempt, { ordinal }] of [...worker.attempts].slice(keep)) {
    withdraw(workers, worker, attempt);
    workers.queue.giveBack(ordinal);
  }
};

export const forgetWorker = ({ workers }: Draft, { id }: Worker): void => {
  workers.byId.delete(id);
  workers.hungry.delete(id);
  workers.dirty.delete(id);
};
