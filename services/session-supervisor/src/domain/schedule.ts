import { formatAttemptId } from '#libs/mesh/index.ts';
import { overtakable, usersForCopies } from './copies.ts';
import { hold, withdraw, type Crew, type Member } from './crew.ts';
import { recordStart, type Draft } from './decision.ts';
import { nodeOf } from './graph/task-graph.ts';
import { isFit, versionToBegin } from './machines.ts';
import { generationOf, hasEnded, isOver, isReady, readyCount, troubleOf, type WorkloadState } from './workload.ts';

/** A window is so many seconds of work: long enough to ride over a pause of the mesh, short enough to lose little. */
const WINDOW_SECONDS = 8;
/** Tasks that take no time are not handed out without bound. */
export const MAX_WINDOW = 256;

/**
 * How many tasks of one node a user should have at a time. Without a measurement two for each slot, so that the next begins while a
 * result is on its way. At the end no more than its share of what waits, halved, so that all finish together.
 */
export const windowOf = (
  { slots, secondsPerTask }: { slots: number; secondsPerTask: number | undefined },
  waiting: number,
  members: number,
): number => {
  const least = slots + 1;
  const inSeconds =
    secondsPerTask === undefined ? 2 * slots : Math.ceil((WINDOW_SECONDS * slots) / Math.max(secondsPerTask, 1e-6));
  const window = Math.max(least, Math.min(inSeconds, MAX_WINDOW));
  const share = Math.max(slots, Math.ceil(waiting / (2 * Math.max(members, 1))));
  return Math.min(window, share);
};

/**
 * How many users a session wants now: no more than asked for, than the plan allows, than there are tasks left and running ones
 * worth doing twice; but where a task has failed, enough that others can try it.
 */
export const effectiveWanted = ({
  state,
  crew,
  planUsers,
  now,
}: Pick<Draft, 'state' | 'crew' | 'planUsers' | 'now'>): number => {
  if (isOver(state) || state.phase === 'paused') return 0;
  const remaining = readyCount(state);
  const triers = state.troubles.count > state.givenUp.count ? state.header.spec.maxFailures : 0;
  // Repairs are made also where nobody is wanted any more: that cannot be changed once the workload has ended.
  const most = Math.min(hasEnded(state) ? Math.max(state.wanted, 1) : state.wanted, planUsers);
  // Looking for what is worth copying costs something, and is for the end.
  const copiers = remaining < most ? usersForCopies({ state, crew, now }) : 0;
  return Math.min(most, Math.max(remaining + copiers, triers));
};

/** How many different users can serve the session, now or soon. */
export const reachOf = ({ state, crew, planUsers }: Pick<Draft, 'state' | 'crew' | 'planUsers'>): number => {
  const offered = crew.hasExchanged ? Math.min(crew.suitable, crew.entitled) : 0;
  return Math.max(crew.members.size, Math.min(offered, state.wanted, planUsers));
};

/** Tasks that may begin and that nobody holds. */
const waitingCount = (state: WorkloadState, crew: Crew): number => readyCount(state) - crew.holders.size;

/** Which share of what a member should have at a time it has: tasks of several nodes count by the windows of their own. */
const loadOf = ({ slots, paces, loads }: Member, waiting: number, members: number): number =>
  loads.reduce((sum, count, node) => {
    return count === 0 ? sum : sum + count / windowOf({ slots, secondsPerTask: paces[node] }, waiting, members);
  }, 0);

/** Hands a member what it should have now. Nothing happens while it has more than half of its window and all slots work. */
export const serve = (draft: Draft, member: Member): void => {
  const { crew } = draft;
  crew.hungry.delete(member.id);
  if (!mayServe(draft, member)) return;
  const waiting = waitingCount(draft.state, crew) + member.attempts.size;
  const load = (): number => loadOf(member, waiting, crew.members.size);
  if (member.attempts.size > member.slots && load() > 0.5) return;
  while (load() < 1) {
    const ordinal = next(draft, member);
    if (ordinal === undefined) break;
    handOut(draft, member, ordinal);
  }
  if (member.attempts.size === 0) stealFor(draft, member);
  if (member.attempts.size === 0) copyFor(draft, member);
  if (member.attempts.size < member.slots) crew.hungry.add(member.id);
};

/** Serves everybody for whom nothing waited before. */
export const serveHungry = (draft: Draft): void => {
  // Who stays hungry is added again while this goes on.
  const hungry = [...draft.crew.hungry];
  for (const id of hungry) {
    const member = draft.crew.members.get(id);
    if (member === undefined) draft.crew.hungry.delete(id);
    else serve(draft, member);
  }
};

const mayServe = ({ state, crew, now }: Draft, member: Member): boolean =>
  member.phase === 'ready' &&
  member.restsUntil <= now &&
  !isOver(state) &&
  state.phase !== 'paused' &&
  isFit(state.startedAt === undefined ? { ...state, version: versionToBegin(state, crew) } : state, member);

const next = (draft: Draft, member: Member): number | undefined => {
  const { state, crew } = draft;
  const isWaiting = (ordinal: number): boolean =>
    isReady(state, ordinal) && !crew.holders.has(ordinal) && crew.reserved?.has(ordinal) !== true;
  return crew.queue.next(isWaiting, (ordinal) => suits(draft, member, ordinal));
};

/**
 * A task goes to a user that has not failed it, as long as there is one within reach; and where memory was short, to one that
 * has more, as long as one serves.
 */
const suits = (draft: Draft, member: Member, ordinal: number): boolean => {
  const failures = troubleOf(draft.state, ordinal)?.failures;
  if (failures === undefined) return true;
  const short = Math.max(0, ...failures.map(({ shortOfBytes }) => shortOfBytes));
  const hasFailed = ({ id }: Member): boolean => failures.some(({ user }) => user === id);
  if (short > 0 && member.memoryBytes <= short) {
    const isBetter = (other: Member): boolean => other.memoryBytes > short && !hasFailed(other);
    if ([...draft.crew.members.values()].some(isBetter)) return false;
  }
  return !hasFailed(member) || new Set(failures.map(({ user }) => user)).size >= reachOf(draft);
};

const handOut = (draft: Draft, member: Member, ordinal: number): void => {
  const { crew, state, now } = draft;
  recordStart(draft);
  crew.attemptCounter += 1;
  const attempt = formatAttemptId(state.reign, crew.attemptCounter);
  const node = nodeOf(state.graph, ordinal);
  const generation = generationOf(state, ordinal);
  hold(crew, member, attempt, { ordinal, node, generation, since: now, isStarted: false });
};

/**
 * Gives an idle member half of what the fullest other member has not begun, and no more than it can do soon. Should that one finish such a task all the
 * same, the first result counts: each attempt has its own token.
 */
const stealFor = (draft: Draft, member: Member): void => {
  let fullest: { owner: Member; attempts: [string, number][] } | undefined;
  for (const owner of draft.crew.members.values()) {
    if (owner.id === member.id || owner.attempts.size <= owner.slots) continue;
    const attempts = spare(owner);
    if (attempts.length > (fullest?.attempts.length ?? 0)) fullest = { owner, attempts };
  }
  if (fullest === undefined) return;
  const { owner, attempts } = fullest;
  const lastNode = nodeOf(draft.state.graph, attempts.at(-1)?.[1] ?? 0);
  const most = windowOf({ slots: member.slots, secondsPerTask: member.paces[lastNode] }, Infinity, 1);
  const share = Math.min(Math.ceil(attempts.length / 2), most);
  for (const [attempt, ordinal] of attempts.slice(-share)) {
    if (!suits(draft, member, ordinal)) continue;
    withdraw(draft.crew, owner, attempt);
    handOut(draft, member, ordinal);
  }
};

/** Gives an idle member the slowest running task that it will probably finish sooner than who runs it. */
const copyFor = (draft: Draft, member: Member): void => {
  const copied = overtakable(draft, member).find(({ ordinal }) => suits(draft, member, ordinal));
  if (copied !== undefined) handOut(draft, member, copied.ordinal);
};

/** What a member has not begun, as far as is known: attempts and their ordinals. */
const spare = ({ attempts, slots }: Member): [string, number][] =>
  [...attempts].slice(slots).flatMap(([attempt, held]) => (held.isStarted ? [] : [[attempt, held.ordinal]]));
