import { has } from '../sets/bitmap.ts';
import { learnSpeed, letGo, withdrawTask, type Worker } from '../scheduling/workers.ts';
import { wantApproval } from './approvals.ts';
import { record, recordStart, type Draft, type Outcome } from './decision.ts';
import { openSuccessors, spendBudget } from './endings.ts';
import { decideSuspicion, settleSuspicions } from './suspicions.ts';
import { checkCheckpoint, recordCheckpoint, recordYield, resumedFrom } from './handover.ts';
import type { InputOf, Report } from './inputs.ts';
import { releaseIfEmpty } from './decide-users.ts';
import { withPossibleSeconds } from './possible-seconds.ts';
import { taskMemoryOf } from '../scheduling/machines.ts';
import { serve, serveHungry } from '../scheduling/schedule.ts';
import { successorsOf } from '../graph/readiness.ts';
import { nodeOf, placeInNode, taskOrdinal } from '../graph/task-graph.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { faultIn } from '../state/suspicions.ts';
import { generationOf, hasEnded, inputResultsOf, troubleOf } from '../state/workload.ts';

/** A machine gets no work for this long after a failure that was its own fault. */
const REST_MS = 10_000;

/** Decides what becomes of a user's reports, and gives it new work. */
export const decideReports = (draft: Draft, input: InputOf<'reports'>): void => {
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
  if (worker !== undefined) {
    releaseIfEmpty(draft, worker);
  }
};

type Verdict = Omit<Outcome, 'reportId'>;

const accepted: Verdict = { verdict: 'ACCEPTED', reason: '' };
const settled = (reason: string): Verdict => ({ verdict: 'SETTLED', reason });
const later = (reason: string): Verdict => ({ verdict: 'LATER', reason });

const decideReport = (
  draft: Draft,
  input: InputOf<'reports'>,
  report: Report,
): Verdict | undefined => {
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
  const { task, generation, attempt } = report;
  const current = generationOf(draft.state, ordinal);
  if (generation > current) {
    return later('GENERATION_AHEAD');
  }
  const { user, userName } = input;
  const who = { task, generation, attempt, user, userName };
  const isDecided = has(draft.state.done, ordinal) || has(draft.state.givenUp, ordinal);
  if (report.body.kind === 'checkpointed') {
    // The attempt goes on.
    if (generation < current || isDecided) {
      return settled(isDecided ? 'TASK_DECIDED' : 'OUTDATED_GENERATION');
    }
    recordStart(draft);
    const isFurther = recordCheckpoint(draft, ordinal, who, report.body);
    return isFurther ? accepted : settled('OUTDATED_CHECKPOINT');
  }
  const body = withPossibleSeconds(draft, worker, input, report, report.body);
  const wasOut = forget(draft, worker, attempt);
  if (worker !== undefined && body.kind === 'completed') {
    const node = nodeOf(draft.state.graph, ordinal);
    draft.workers.results[node] = (draft.workers.results[node] ?? 0) + 1;
    const place = placeInNode(draft.state.graph, ordinal);
    learnSpeed(worker, node, { at: draft.now, place, seconds: body.seconds });
  }
  // The attempt is over, whatever its report says, so its task may wait for another user.
  if (wasOut) {
    draft.workers.queue.giveBack(ordinal);
  }
  if (generation < current) {
    return settled('OUTDATED_GENERATION');
  }
  if (body.kind === 'yielded') {
    if (isDecided) {
      return settled('TASK_DECIDED');
    }
    if (worker !== undefined) {
      // Somebody else is to go on.
      worker.restsUntil = draft.now + REST_MS;
    }
    return recordYield(draft, ordinal, who, body) ? accepted : settled('DUPLICATE');
  }
  if (body.kind === 'completed') {
    if (isDecided) {
      if (wasOut) {
        record(draft, { kind: 'duplicate', ...who, seconds: body.seconds });
      }
      return settled(has(draft.state.done, ordinal) ? 'DUPLICATE' : 'TASK_GIVEN_UP');
    }
    const { kind: _, resumedAttempt = '', ...result } = body;
    const resumed = resumedFrom(draft.state, ordinal, resumedAttempt);
    const before = draft.state.passed.get(ordinal)?.sha256 ?? result.sha256;
    const { suspicions } = draft.state;
    recordStart(draft);
    record(draft, { kind: 'accepted', ...who, ...result, ...(resumed && { resumed }) });
    withdrawTask(draft.workers, ordinal);
    if (before !== result.sha256) {
      makeSuccessorsAgain(draft, ordinal);
    }
    wantApproval(draft, ordinal, { task, generation, ...result });
    openSuccessors(draft, ordinal);
    barWhomItShows(draft, ordinal);
    settleSuspicions(draft, suspicions, ordinal);
    return accepted;
  }
  if (isDecided) {
    return settled('TASK_DECIDED');
  }
  const { failures = [] } = troubleOf(draft.state, ordinal) ?? {};
  if (failures.some((failure) => failure.attempt === attempt)) {
    return settled('DUPLICATE');
  }
  const { kind: _, ...failure } = body;
  const memoryBytes = worker === undefined ? 0 : taskMemoryOf(draft.state, worker);
  const fault = faultIn(draft.state, body.failureClass);
  const { suspicions } = draft.state;
  recordStart(draft);
  record(draft, { kind: 'attempt-failed', ...who, memoryBytes, ...failure });
  if (worker !== undefined && fault !== 'task' && fault !== 'final') {
    worker.restsUntil = draft.now + REST_MS;
  }
  draft.workers.queue.giveBack(ordinal);
  if (body.failureClass === 'INPUT_LOST') {
    draft.effects.push({ kind: 'check', results: inputResultsOf(draft.state, [ordinal]) });
    checkCheckpoint(draft, ordinal);
  }
  if (body.failureClass === 'SCENE_LOST') {
    draft.effects.push({ kind: 'check-scene', userName });
  }
  spendBudget(draft, ordinal, body);
  decideSuspicion(draft, suspicions, body);
  return accepted;
};

/** A repair made other bytes than those of which some successors were made. The results of a workload must fit together. */
const makeSuccessorsAgain = (draft: Draft, ordinal: number): void => {
  const { graph, done } = draft.state;
  const made = successorsOf(graph, ordinal).filter((each) => has(done, each));
  if (made.length > 0) {
    record(draft, { kind: 'retried', tasks: ordinalsToText(graph, made) });
    made.forEach((each) => draft.workers.queue.giveBack(each));
  }
};

/** Number of tasks that a user failed and others completed, or whose results were refused, from which on the user is taken to be at fault. */
const MAX_BLAME = 3;

/** Runs after a task was accepted. Bars each user that failed it and has failed too many tasks that others completed. */
const barWhomItShows = (draft: Draft, ordinal: number): void => {
  const failures = troubleOf(draft.state, ordinal)?.failures;
  for (const [user, userName] of new Map(failures?.map((each) => [each.user, each.userName]))) {
    const blame = draft.state.blame.get(user) ?? 0;
    const reason = `failed ${blame} tasks that others then completed`;
    barIfBlamed(draft, { user, userName }, reason);
  }
};

/** Bars a user that has failed too many tasks. */
export const barIfBlamed = (
  draft: Draft,
  { user, userName }: { user: string; userName: string | undefined },
  reason: string,
): void => {
  if ((draft.state.blame.get(user) ?? 0) >= MAX_BLAME) {
    bar(draft, { user, userName }, reason);
  }
};

/** A user gets no more work until a retry. */
export const bar = (
  draft: Draft,
  { user, userName }: { user: string; userName: string | undefined },
  reason: string,
): void => {
  if (!draft.state.barred.has(user)) {
    record(draft, { kind: 'user-barred', user, ...(userName && { userName }), reason });
  }
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
