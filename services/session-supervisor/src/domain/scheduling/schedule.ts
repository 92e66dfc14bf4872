import { formatAttemptId } from '#libs/mesh/index.ts';
import { overtakable, usersForCopies } from './copies.ts';
import { hold, withdraw, type Workers, type Worker } from './workers.ts';
import { recordStart, type Draft } from '../decisions/decision.ts';
import { nodeOf } from '../graph/task-graph.ts';
import { isFit, versionToBegin } from './machines.ts';
import {
  generationOf,
  hasEnded,
  isOver,
  isReady,
  readyCount,
  troubleOf,
  type WorkloadState,
} from '../state/workload.ts';

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
  workerCount: number,
): number => {
  const least = slots + 1;
  const inSeconds =
    secondsPerTask === undefined ? 2 * slots : Math.ceil((WINDOW_SECONDS * slots) / Math.max(secondsPerTask, 1e-6));
  const window = Math.max(least, Math.min(inSeconds, MAX_WINDOW));
  const share = Math.max(slots, Math.ceil(waiting / (2 * Math.max(workerCount, 1))));
  return Math.min(window, share);
};

/**
 * How many users a session wants now: no more than asked for, than the plan allows, than there are tasks left and running ones
 * worth doing twice; but where a task has failed, enough that others can try it.
 */
export const effectiveWanted = ({
  state,
  workers,
  planUsers,
  now,
}: Pick<Draft, 'state' | 'workers' | 'planUsers' | 'now'>): number => {
  if (isOver(state) || state.phase === 'paused') return 0;
  const remaining = readyCount(state);
  const triers = state.troubles.count > state.givenUp.count ? state.header.spec.maxFailures : 0;
  // Repairs are made also where nobody is wanted any more: that cannot be changed once the workload has ended.
  const most = Math.min(hasEnded(state) ? Math.max(state.wanted, 1) : state.wanted, planUsers);
  // Looking for what is worth copying costs something, and is for the end.
  const copiers = remaining < most ? usersForCopies({ state, workers, now }) : 0;
  return Math.min(most, Math.max(remaining + copiers, triers));
};

/** How many different users can serve the session, now or soon. */
export const reachOf = ({ state, workers, planUsers }: Pick<Draft, 'state' | 'workers' | 'planUsers'>): number => {
  const offered = workers.hasExchanged ? Math.min(workers.suitable, workers.entitled) : 0;
  return Math.max(workers.byId.size, Math.min(offered, state.wanted, planUsers));
};

/** Tasks that may begin and that nobody holds. */
const waitingCount = (state: WorkloadState, workers: Workers): number => readyCount(state) - workers.holders.size;

/** Which share of what a worker should have at a time it has: tasks of several nodes count by the windows of their own. */
const loadOf = ({ slots, paces, loads }: Worker, waiting: number, workerCount: number): number =>
  loads.reduce((sum, count, node) => {
    return count === 0 ? sum : sum + count / windowOf({ slots, secondsPerTask: paces[node] }, waiting, workerCount);
  }, 0);

/** Hands a worker what it should have now. Nothing happens while it has more than half of its window and all slots work. */
export const serve = (draft: Draft, worker: Worker): void => {
  const { workers } = draft;
  workers.hungry.delete(worker.id);
  if (!mayServe(draft, worker)) return;
  const waiting = waitingCount(draft.state, workers) + worker.attempts.size;
  const load = (): number => loadOf(worker, waiting, workers.byId.size);
  if (worker.attempts.size > worker.slots && load() > 0.5) return;
  while (load() < 1) {
    const ordinal = next(draft, worker);
    if (ordinal === undefined) break;
    handOut(draft, worker, ordinal);
  }
  if (worker.attempts.size === 0) stealFor(draft, worker);
  if (worker.attempts.size === 0) copyFor(draft, worker);
  if (worker.attempts.size < worker.slots) workers.hungry.add(worker.id);
};

/** Serves everybody for whom nothing waited before. */
export const serveHungry = (draft: Draft): void => {
  // Who stays hungry is added again while this goes on.
  const hungry = [...draft.workers.hungry];
  for (const id of hungry) {
    const worker = draft.workers.byId.get(id);
    if (worker === undefined) draft.workers.hungry.delete(id);
    else serve(draft, worker);
  }
};

const mayServe = ({ state, workers, now }: Draft, worker: Worker): boolean =>
  worker.phase === 'ready' &&
  worker.restsUntil <= now &&
  !isOver(state) &&
  state.phase !== 'paused' &&
  isFit(state.startedAt === undefined ? { ...state, version: versionToBegin(state, workers) } : state, worker);

const next = (draft: Draft, worker: Worker): number | undefined => {
  const { state, workers } = draft;
  const isWaiting = (ordinal: number): boolean =>
    isReady(state, ordinal) && !workers.holders.has(ordinal) && workers.reserved?.has(ordinal) !== true;
  return workers.queue.next(isWaiting, (ordinal) => suits(draft, worker, ordinal));
};

/**
 * A task goes to a user that has not failed it, as long as there is one within reach; and where memory was short, to one that
 * has more, as long as one serves.
 */
const suits = (draft: Draft, worker: Worker, ordinal: number): boolean => {
  const failures = troubleOf(draft.state, ordinal)?.failures;
  if (failures === undefined) return true;
  const short = Math.max(0, ...failures.map(({ shortOfBytes }) => shortOfBytes));
  const hasFailed = ({ id }: Worker): boolean => failures.some(({ user }) => user === id);
  if (short > 0 && worker.memoryBytes <= short) {
    const isBetter = (other: Worker): boolean => other.memoryBytes > short && !hasFailed(other);
    if ([...draft.workers.byId.values()].some(isBetter)) return false;
  }
  return !hasFailed(worker) || new Set(failures.map(({ user }) => user)).size >= reachOf(draft);
};

const handOut = (draft: Draft, worker: Worker, ordinal: number): void => {
  const { workers, state, now } = draft;
  recordStart(draft);
  workers.attemptCounter += 1;
  const attempt = formatAttemptId(state.reign, workers.attemptCounter);
  const node = nodeOf(state.graph, ordinal);
  const generation = generationOf(state, ordinal);
  hold(workers, worker, attempt, { ordinal, node, generation, since: now, isStarted: false });
};

/**
 * Gives an idle worker half of what the fullest other worker has not begun, and no more than it can do soon. Should that one finish such a task all the
 * same, the first result counts: each attempt has its own token.
 */
const stealFor = (draft: Draft, worker: Worker): void => {
  let fullest: { owner: Worker; attempts: [string, number][] } | undefined;
  for (const owner of draft.workers.byId.values()) {
    if (owner.id === worker.id || owner.attempts.size <= owner.slots) continue;
    const attempts = spare(owner);
    if (attempts.length > (fullest?.attempts.length ?? 0)) fullest = { owner, attempts };
  }
  if (fullest === undefined) return;
  const { owner, attempts } = fullest;
  const lastNode = nodeOf(draft.state.graph, attempts.at(-1)?.[1] ?? 0);
  const most = windowOf({ slots: worker.slots, secondsPerTask: worker.paces[lastNode] }, Infinity, 1);
  const share = Math.min(Math.ceil(attempts.length / 2), most);
  for (const [attempt, ordinal] of attempts.slice(-share)) {
    if (!suits(draft, worker, ordinal)) continue;
    withdraw(draft.workers, owner, attempt);
    handOut(draft, worker, ordinal);
  }
};

/** Gives an idle worker the slowest running task that it will probably finish sooner than who runs it. */
const copyFor = (draft: Draft, worker: Worker): void => {
  const copied = overtakable(draft, worker).find(({ ordinal }) => suits(draft, worker, ordinal));
  if (copied !== undefined) handOut(draft, worker, copied.ordinal);
};

/** What a worker has not begun, as far as is known: attempts and their ordinals. */
const spare = ({ attempts, slots }: Worker): [string, number][] =>
  [...attempts].slice(slots).flatMap(([attempt, held]) => (held.isStarted ? [] : [[attempt, held.ordinal]]));
