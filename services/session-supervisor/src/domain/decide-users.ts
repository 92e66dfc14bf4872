import { hold, letGo, type Assigned, type Member } from './crew.ts';
import { record, recordStart, type Draft } from './decision.ts';
import { forgetMember, release, spendLoss, takeBack } from './endings.ts';
import type { HeldClaim } from './inputs.ts';
import { isFit } from './machines.ts';
import { effectiveWanted, MAX_WINDOW, serve, serveHungry } from './schedule.ts';
import { nodeOf, taskKey, taskOrdinal } from './graph/task-graph.ts';
import { generationOf, isOpen, isOver } from './workload.ts';

/** A user that was asked what it holds and does not answer is taken to hold nothing after this. */
export const ANSWER_MS = 10_000;

/** The matcher's whole answer: who came, who is gone, how many are the session's fair share. */
export const decideExchange = (
  draft: Draft,
  answer: {
    users: readonly Assigned[];
    asked: ReadonlyMap<string, number>;
    entitled: number;
    suitable: number;
    connected: number;
  },
): void => {
  const { crew } = draft;
  crew.entitled = answer.entitled;
  crew.suitable = answer.suitable;
  crew.connected = answer.connected;
  crew.hasExchanged = true;
  const present = new Set(answer.users.map(({ connection }) => connection));
  for (const member of crew.members.values()) {
    // Whoever came by `new-users` after the statement was made cannot be in its answer.
    const wasAsked = answer.asked.get(member.connection) === member.claim;
    if (wasAsked && !present.has(member.connection)) drop(draft, member, false);
  }
  for (const assigned of answer.users) welcome(draft, assigned);
  fitCrew(draft);
};

/**
 * Users that serve the session from now on. One that is known already is brought up to date. The matcher gives nobody beyond
 * the share, so the share that it named before may be out of date.
 */
export const decideNewUsers = (draft: Draft, users: readonly Assigned[]): void => {
  const { crew } = draft;
  const newcomers = users.filter((assigned) => welcome(draft, assigned));
  if (newcomers.length > 0) {
    const staying = [...crew.members.values()].filter(({ phase, drain }) => phase !== 'leaving' && drain === 'no');
    crew.entitled = Math.max(crew.entitled, staying.length);
  }
  fitCrew(draft);
};

/** Answers whether it is somebody new. */
const welcome = (draft: Draft, assigned: Assigned): boolean => {
  const { crew, now } = draft;
  const known = crew.members.get(assigned.id);
  if (known !== undefined && known.claim > assigned.claim) return false;
  const left = crew.givenBack.get(assigned.id);
  if (left !== undefined && left.claim >= assigned.claim && now < left.until) return false;
  crew.givenBack.delete(assigned.id);
  if (known?.connection === assigned.connection) {
    // Claimed anew: whatever was sent under the former claim was taken back with it.
    if (known.claim < assigned.claim) crew.dirty.add(assigned.id);
    Object.assign(known, assigned);
    return false;
  }
  if (known !== undefined) drop(draft, known, false);
  const member: Member = {
    ...assigned,
    phase: 'asked',
    askedAt: now,
    attempts: new Map(),
    paces: [],
    loads: [],
    freeSince: now,
    restsUntil: 0,
  };
  crew.members.set(assigned.id, member);
  crew.dirty.add(assigned.id);
  return true;
};

/**
 * Brings the crew to its size: whoever is to be drained or is too many leaves, each at the end of what it has begun; idle
 * ones and the newest first. Those who leave and are needed again stay.
 */
export const fitCrew = (draft: Draft): void => {
  const { crew, state } = draft;
  const limit = Math.min(effectiveWanted(draft), crew.hasExchanged ? crew.entitled : Infinity);
  const members = [...crew.members.values()];
  const fit = members.filter((member) => member.drain === 'no' && isFit(state, member));
  fit.sort((a, b) => Math.sign(b.attempts.size - a.attempts.size) || a.claim - b.claim);
  const stays = fit.slice(0, limit);
  const leaves = members.filter((member) => !stays.includes(member));
  // The matcher hears first that fewer are wanted, or it would give them back at once.
  if (leaves.some(({ phase }) => phase !== 'leaving'))
    draft.effects.push({ kind: 'demand', verb: 'update-user-count' });
  for (const member of leaves) {
    if (member.drain === 'now') release(draft, member.id);
    else leave(draft, member);
  }
  for (const member of stays) {
    if (member.phase === 'leaving') member.phase = 'ready';
    // Also who got nothing while the workload was paused.
    if (member.attempts.size === 0) serve(draft, member);
  }
  serveHungry(draft);
};

/** Lets a member finish what it has begun, then gives it back. */
const leave = (draft: Draft, member: Member): void => {
  if (member.phase === 'asked') {
    release(draft, member.id);
    return;
  }
  member.phase = 'leaving';
  takeBack(draft, member.id, member.slots);
  releaseIfEmpty(draft, member);
};

/** Gives a leaving member back once it holds nothing. */
export const releaseIfEmpty = (draft: Draft, member: Member): void => {
  if (member.phase === 'leaving' && member.attempts.size === 0) release(draft, member.id);
};

/** A user's stream is gone; what it held waits again, and what it had begun counts as lost unless it said goodbye. */
export const decideUserGone = (draft: Draft, user: string, connection: string, isClean: boolean): void => {
  const member = draft.crew.members.get(user);
  if (member === undefined || member.connection !== connection) return;
  drop(draft, member, isClean);
  serveHungry(draft);
};

const drop = (draft: Draft, member: Member, isClean: boolean): void => {
  const { crew, state } = draft;
  for (const [attempt, held] of member.attempts) {
    letGo(crew, member, attempt);
    crew.queue.giveBack(held.ordinal);
    if (isClean || !held.isStarted || isOver(state)) continue;
    const { generation, since } = held;
    const task = taskKey(state.graph, held.ordinal);
    const seconds = (draft.now - Math.max(since, member.freeSince)) / 1_000;
    const { id: user, name: userName } = member;
    record(draft, { kind: 'attempt-lost', task, generation, attempt, user, userName, seconds });
    spendLoss(draft, held.ordinal);
  }
  forgetMember(draft, member.id);
};

/** A user said what it holds: that goes on, and it gets its work. */
export const decideUserHeld = (draft: Draft, user: string, connection: string, claims: readonly HeldClaim[]): void => {
  const { crew, state, now } = draft;
  const member = crew.members.get(user);
  if (member === undefined || member.connection !== connection || member.phase !== 'asked') return;
  for (const { task, generation, attempt } of claims.slice(0, Math.max(MAX_WINDOW, member.slots))) {
    const ordinal = taskOrdinal(state.graph, task);
    if (ordinal === undefined || !isOpen(state, ordinal) || generation !== generationOf(state, ordinal)) continue;
    if (member.attempts.has(attempt)) continue;
    // Users work in order and do not say how far they got: as many as it has slots for have begun.
    const isStarted = member.attempts.size < member.slots;
    hold(crew, member, attempt, { ordinal, node: nodeOf(state.graph, ordinal), generation, since: now, isStarted });
  }
  if (member.attempts.size > 0) recordStart(draft);
  ready(draft, member);
};

/** A user has nothing left to do. */
export const decideUserIdle = (draft: Draft, user: string, connection: string): void => {
  const member = draft.crew.members.get(user);
  if (member?.connection === connection) serve(draft, member);
};

const ready = (draft: Draft, member: Member): void => {
  const { crew } = draft;
  member.phase = 'ready';
  crew.dirty.add(member.id);
  endReservation(draft);
  serve(draft, member);
};

/** Frees the tasks of a former owner's users once everybody has answered, or time is up. */
export const endReservation = (draft: Draft): void => {
  const { crew, now } = draft;
  if (crew.reserved === undefined) return;
  const allAnswered = crew.hasExchanged && ![...crew.members.values()].some(({ phase }) => phase === 'asked');
  if (!allAnswered && now < crew.reservedUntil) return;
  for (const ordinal of crew.reserved) crew.queue.giveBack(ordinal);
  crew.reserved = undefined;
  serveHungry(draft);
};

/** Time has passed: nobody is waited for for ever, and whoever rested is served again. */
export const decideTick = (draft: Draft): void => {
  const { crew, now } = draft;
  for (const member of crew.members.values()) {
    if (member.phase === 'asked' && now - member.askedAt >= ANSWER_MS) ready(draft, member);
    else if (member.restsUntil > 0 && member.restsUntil <= now) {
      member.restsUntil = 0;
      serve(draft, member);
    }
  }
  endReservation(draft);
  fitCrew(draft);
};
