import { hold, letGo, type Assigned, type Worker } from '../scheduling/workers.ts';
import { record, recordStart, type Draft } from './decision.ts';
import { forgetWorker, release, spendLoss, takeBack } from './endings.ts';
import type { InputOf } from './inputs.ts';
import { isFit, isSuspicious } from '../scheduling/machines.ts';
import { effectiveWanted } from '../scheduling/demand.ts';
import { MAX_WINDOW, serve, serveHungry } from '../scheduling/schedule.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { nodeAt, nodeOf, taskKey, taskOrdinal } from '../graph/task-graph.ts';
import { generationOf, isReady, isOver, troubleOf, type WorkloadState } from '../state/workload.ts';

/** A user that does not say within this time what it holds is taken to hold nothing. */
export const ANSWER_MS = 10_000;

/** Between answers of the matcher that are further apart, nobody knows who was connected. */
const MAX_GAP_MS = 5_000;

/** Applies the matcher's whole answer: new users, users that are gone, and the session's fair share of users. */
export const decideExchange = (draft: Draft, answer: InputOf<'exchange'>): void => {
  const { workers, now } = draft;
  workers.answerGapMs = Math.min(now - workers.answeredAt, MAX_GAP_MS);
  workers.answeredAt = now;
  workers.entitled = answer.entitled;
  workers.suitable = answer.suitable;
  workers.connected = answer.connected;
  workers.hasExchanged = true;
  const present = new Set(answer.users.map(({ connection }) => connection));
  for (const worker of workers.byId.values()) {
    // A user that came by `new-users` after the statement was made cannot be in its answer.
    const wasAsked = answer.asked.get(worker.connection) === worker.claim;
    if (wasAsked && !present.has(worker.connection)) {
      drop(draft, worker, false);
    }
  }
  for (const assigned of answer.users) {
    welcome(draft, assigned);
  }
  fitWorkers(draft);
};

/** Adds and updates users. If they exceed the last known share, that is out of date: the matcher never gives more. */
export const decideNewUsers = (draft: Draft, users: readonly Assigned[]): void => {
  const { workers } = draft;
  const newcomers = users.filter((assigned) => welcome(draft, assigned));
  if (newcomers.length > 0) {
    const staying = [...workers.byId.values()].filter(
      ({ phase, drain }) => phase !== 'leaving' && drain === 'no',
    );
    workers.entitled = Math.max(workers.entitled, staying.length);
  }
  fitWorkers(draft);
};

/** Adds or updates a user. Returns whether it is a new one. */
const welcome = (draft: Draft, assigned: Assigned): boolean => {
  const { workers, now } = draft;
  const known = workers.byId.get(assigned.id);
  if (known !== undefined && known.claim > assigned.claim) {
    return false;
  }
  const left = workers.givenBack.get(assigned.id);
  if (left !== undefined && left.claim >= assigned.claim && now < left.until) {
    return false;
  }
  workers.givenBack.delete(assigned.id);
  workers.known.set(assigned.id, { owner: assigned.owner, goodLooks: assigned.goodLooks });
  if (known?.connection === assigned.connection) {
    // The user was claimed again: the work sent under the former claim was taken back with that claim.
    if (known.claim < assigned.claim) {
      workers.dirty.add(assigned.id);
    }
    Object.assign(known, assigned);
    return false;
  }
  if (known !== undefined) {
    drop(draft, known, false);
  }
  const worker: Worker = {
    ...assigned,
    phase: 'asked',
    askedAt: now,
    attempts: new Map(),
    paces: [],
    meters: [],
    busySince: now,
    loads: [],
    freeSince: now,
    restsUntil: 0,
  };
  workers.byId.set(assigned.id, worker);
  workers.dirty.add(assigned.id);
  return true;
};

/** Fits the workers to the number that is wanted. Those with the fewest attempts leave first, and of these the newest. */
export const fitWorkers = (draft: Draft): void => {
  const { workers, state } = draft;
  const limit = Math.min(
    effectiveWanted(draft),
    workers.hasExchanged ? workers.entitled : Infinity,
  );
  const everybody = [...workers.byId.values()];
  const fit = everybody.filter((worker) => worker.drain === 'no' && isFit(state, worker));
  fit.sort((a, b) => Math.sign(b.attempts.size - a.attempts.size) || a.claim - b.claim);
  const stays = fit.slice(0, limit);
  const leaves = everybody.filter((worker) => !stays.includes(worker));
  // The matcher must hear first that fewer users are wanted, because otherwise it would assign the released ones again at once.
  if (leaves.some(({ phase }) => phase !== 'leaving')) {
    draft.effects.push({ kind: 'demand', verb: 'update-user-count' });
  }
  for (const worker of leaves) {
    // Whoever cannot use the input holds up what it was given.
    if (worker.phase === 'asked' || isSuspicious(state, worker)) {
      release(draft, worker);
    } else {
      leave(draft, worker);
    }
  }
  for (const worker of stays) {
    if (worker.phase === 'leaving') {
      worker.phase = 'ready';
      delete worker.leavingSince;
    }
    // This also serves users that got nothing while the workload was paused.
    if (worker.attempts.size === 0) {
      serve(draft, worker);
    }
  }
  serveHungry(draft);
};

/** A user that is wanted elsewhere finishes what it has begun, but hands over what takes longer than this. */
const OVERDRAWN_MS = 10 * 60_000;
/** Longest time for checkpoints and their upload. */
const YIELD_MS = 10 * 60_000;

/** A worker gets no more work. If it is to leave now, or has worked on for long, it hands over what others can resume. */
const leave = (draft: Draft, worker: Worker): void => {
  const { workers, now } = draft;
  worker.phase = 'leaving';
  worker.leavingSince ??= now;
  takeBack(draft, worker, worker.slots);
  const isHurried = worker.drain === 'now';
  const yieldsAt = worker.leavingSince + (isHurried ? 0 : OVERDRAWN_MS);
  if (now >= yieldsAt) {
    for (const held of worker.attempts.values()) {
      if (held.isYielding !== true && isResumable(draft.state, held.node)) {
        held.isYielding = true;
        workers.dirty.add(worker.id);
      }
    }
  }
  const isYielding = worker.attempts.values().some((held) => held.isYielding === true);
  if (isHurried && (!isYielding || now - worker.leavingSince >= YIELD_MS)) {
    release(draft, worker);
  } else {
    releaseIfEmpty(draft, worker);
  }
};

const isResumable = ({ header, graph }: WorkloadState, node: number): boolean =>
  kindOf(header.spec).makesCheckpoints(header.spec, nodeAt(graph, node).id);

/** Gives a leaving worker back once it holds nothing. */
export const releaseIfEmpty = (draft: Draft, worker: Worker): void => {
  if (worker.phase === 'leaving' && worker.attempts.size === 0) {
    release(draft, worker);
  }
};

/** A user's stream is gone. Its tasks wait again, and those it had begun count as lost unless the user said goodbye. */
export const decideUserGone = (draft: Draft, gone: InputOf<'user-gone'>): void => {
  const worker = draft.workers.byId.get(gone.user);
  if (worker?.connection === gone.connection) {
    drop(draft, worker, gone.isClean);
    serveHungry(draft);
  }
};

const drop = (draft: Draft, worker: Worker, isClean: boolean): void => {
  const { workers, state } = draft;
  for (const [attempt, held] of worker.attempts) {
    letGo(workers, worker, attempt);
    workers.queue.giveBack(held.ordinal);
    if (isClean || !held.isStarted || isOver(state)) {
      continue;
    }
    const { generation, since } = held;
    const task = taskKey(state.graph, held.ordinal);
    const seconds = (draft.now - Math.max(since, worker.freeSince)) / 1_000;
    const { id: user, name: userName } = worker;
    record(draft, { kind: 'attempt-lost', task, generation, attempt, user, userName, seconds });
    spendLoss(draft, held.ordinal);
  }
  forgetWorker(draft, worker);
};

/** A user said which attempts it holds. The valid ones go on, and the user gets work. */
export const decideUserHeld = (draft: Draft, said: InputOf<'user-held'>): void => {
  const { workers, state, now: since } = draft;
  const worker = workers.byId.get(said.user);
  if (worker?.connection !== said.connection || worker.phase !== 'asked') {
    return;
  }
  const claims = said.held.slice(0, Math.max(MAX_WINDOW, worker.slots));
  for (const { task, generation, attempt } of claims) {
    const ordinal = taskOrdinal(state.graph, task);
    if (
      ordinal === undefined ||
      !isReady(state, ordinal) ||
      generation !== generationOf(state, ordinal) ||
      worker.attempts.has(attempt) ||
      hasFailed(state, ordinal, attempt)
    ) {
      continue;
    }
    // Users work in order and do not say how far they got, so the first attempts, one for each slot, count as begun.
    const isStarted = worker.attempts.size < worker.slots;
    const node = nodeOf(state.graph, ordinal);
    const held = { ordinal, node, generation, since, isStarted, isFromBefore: true } as const;
    hold(workers, worker, attempt, held);
  }
  if (worker.attempts.size > 0) {
    recordStart(draft);
  }
  ready(draft, worker);
};

/** Whether a failure of the attempt is known: its report overtook the user's word that it holds it, and nothing follows. */
const hasFailed = (state: WorkloadState, ordinal: number, attempt: string): boolean =>
  troubleOf(state, ordinal)?.failures.some((failure) => failure.attempt === attempt) === true;

/** A user has nothing left to do. */
export const decideUserIdle = (draft: Draft, idle: InputOf<'user-idle'>): void => {
  const worker = draft.workers.byId.get(idle.user);
  if (worker?.connection === idle.connection) {
    serve(draft, worker);
  }
};

const ready = (draft: Draft, worker: Worker): void => {
  const { workers } = draft;
  worker.phase = 'ready';
  workers.dirty.add(worker.id);
  endReservation(draft);
  serve(draft, worker);
};

/** Frees the tasks that a former owner's users may hold, once all users have answered or the time is up. */
const endReservation = (draft: Draft): void => {
  const { workers, now } = draft;
  const haveAnswered =
    workers.hasExchanged && workers.byId.values().every(({ phase }) => phase !== 'asked');
  if (workers.reserved === undefined || (!haveAnswered && now < workers.reservedUntil)) {
    return;
  }
  for (const ordinal of workers.reserved) {
    workers.queue.giveBack(ordinal);
  }
  workers.reserved = undefined;
  serveHungry(draft);
};

/** Time has passed. Users that did not answer in time become ready, and users that have rested long enough are served again. */
export const decideTick = (draft: Draft): void => {
  const { workers, now } = draft;
  for (const worker of workers.byId.values()) {
    if (worker.phase === 'asked' && now - worker.askedAt >= ANSWER_MS) {
      ready(draft, worker);
    } else if (worker.restsUntil > 0 && worker.restsUntil <= now) {
      worker.restsUntil = 0;
      serve(draft, worker);
    }
  }
  endReservation(draft);
  if (draft.state.looks.size > 0) {
    // What waits for another owner may have waited long enough.
    serveHungry(draft);
  }
  fitWorkers(draft);
};
