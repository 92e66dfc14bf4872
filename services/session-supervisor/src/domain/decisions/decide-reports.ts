import { barWhomItShows } from './bars.ts';
import { has } from '../sets/bitmap.ts';
import { learnSpeed, letGo, withdrawTask, type Worker } from '../scheduling/workers.ts';
import { record, recordStart, type Draft, type Outcome } from './decision.ts';
import type { AttemptKey } from '../state/entries.ts';
import { openSuccessors, spendBudget } from './endings.ts';
import type { Report } from './inputs.ts';
import { serve, serveHungry } from '../scheduling/schedule.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { nodeOf, taskOrdinal } from '../graph/task-graph.ts';
import { generationOf, hasEnded, troubleOf } from '../state/workload.ts';

/** Reports of one user, oldest first. */
export interface ReportsInput {
  ticket: number;
  user: string;
  userName: string;
  reports: readonly Report[];
}

/** A machine gets no work for this long after a failure that was its own fault. */
const REST_MS = 10_000;

/** Decides what becomes of a user's reports, and gives it new work. */
export const decideReports = (draft: Draft, input: ReportsInput): void => {
  const outcomes: Outcome[] = [];
  for (const report of input.reports) {
    const outcome = decideReport(draft, input, report);
    if (outcome !== undefined && report.reportId > 0) {
      outcomes.push({ reportId: report.reportId, ...outcome });
    }
  }
  const worker = draft.workers.byId.get(input.user);
  if (worker !== undefined) {
    serve(draft, worker);
  }
  serveHungry(draft);
  draft.effects.push({ kind: 'outcomes', ticket: input.ticket, outcomes });
};

type Verdict = Omit<Outcome, 'reportId'>;

const accepted: Verdict = { verdict: 'ACCEPTED', reason: '' };
const settled = (reason: string): Verdict => ({ verdict: 'SETTLED', reason });
const later = (reason: string): Verdict => ({ verdict: 'LATER', reason });

const decideReport = (draft: Draft, input: ReportsInput, report: Report): Verdict | undefined => {
  if (report.forgery !== undefined) {
    return settled(report.forgery);
  }
  const ordinal = taskOrdinal(draft.state.graph, report.task);
  if (ordinal === undefined) {
    return settled('TASK_UNKNOWN');
  }
  const worker = draft.workers.byId.get(input.user);
  if (report.body.kind === 'started') {
    const held = worker?.attempts.get(report.attempt);
    if (held !== undefined) {
      held.isStarted = true;
    }
    return undefined;
  }
  if (hasEnded(draft.state) && !has(draft.state.repairs, ordinal)) {
    return settled('WORKLOAD_ENDED');
  }
  const { task, generation, attempt, body } = report;
  const current = generationOf(draft.state, ordinal);
  if (generation > current) {
    return later('GENERATION_AHEAD');
  }
  const key: AttemptKey = { task, generation, attempt, user: input.user };
  const wasOut = forget(draft, worker, attempt);
  if (worker !== undefined && body.kind === 'completed') {
    learnSpeed(worker, nodeOf(draft.state.graph, ordinal), body.seconds);
  }
  // The attempt is over, whatever its report says, so its task may wait for another user.
  if (wasOut) {
    draft.workers.queue.giveBack(ordinal);
  }
  if (generation < current) {
    return settled('OUTDATED_GENERATION');
  }
  const isDecided = has(draft.state.done, ordinal) || has(draft.state.givenUp, ordinal);
  if (body.kind === 'completed') {
    if (isDecided) {
      if (wasOut) {
        record(draft, {
          kind: 'duplicate',
          ...key,
          userName: input.userName,
          seconds: body.seconds,
        });
      }
      return settled(has(draft.state.done, ordinal) ? 'DUPLICATE' : 'TASK_GIVEN_UP');
    }
    const { kind: _, ...result } = body;
    recordStart(draft);
    record(draft, { kind: 'accepted', ...key, userName: input.userName, ...result });
    withdrawTask(draft.workers, ordinal);
    openSuccessors(draft, ordinal);
    barWhomItShows(draft, ordinal);
    return accepted;
  }
  if (isDecided) {
    return settled('TASK_DECIDED');
  }
  if (
    troubleOf(draft.state, ordinal)?.failures.some((failure) => failure.attempt === attempt) ===
    true
  ) {
    return settled('DUPLICATE');
  }
  const { kind: _, ...failure } = body;
  recordStart(draft);
  const { memoryBytes = 0 } = worker ?? {};
  record(draft, {
    kind: 'attempt-failed',
    ...key,
    userName: input.userName,
    memoryBytes,
    ...failure,
  });
  const isTaskFault = kindOf(draft.state.header.spec).faultOf(body.failureClass) === 'task';
  if (worker !== undefined && !isTaskFault) {
    worker.restsUntil = draft.now + REST_MS;
  }
  draft.workers.queue.giveBack(ordinal);
  spendBudget(draft, ordinal, body.failureClass, body.names, body.reason);
  return accepted;
};

/** Forgets an attempt whose end is reported. Returns whether it was known to be out. */
const forget = (draft: Draft, worker: Worker | undefined, attempt: string): boolean => {
  const wasWithdrawn = draft.workers.withdrawn.delete(attempt);
  if (worker === undefined) {
    return wasWithdrawn;
  }
  const wasHeld = letGo(draft.workers, worker, attempt) !== undefined;
  worker.freeSince = draft.now;
  return wasHeld || wasWithdrawn;
};
