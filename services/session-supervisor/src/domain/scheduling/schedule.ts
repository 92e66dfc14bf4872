import { formatAttemptId } from '#libs/mesh/index.ts';
import { overtakable } from './copies.ts';
import { reachOf } from './demand.ts';
import { hold, withdraw, type Worker } from './workers.ts';
import { LOOK_PATIENCE_MS } from '../checking/policy.ts';
import { recordStart, type Draft } from '../decisions/decision.ts';
import { nodeOf, type TaskGraph } from '../graph/task-graph.ts';
import { isFit, taskMemoryOf, versionToBegin } from './machines.ts';
import { generationOf, isOver, isReady, readyCount, troubleOf } from '../state/workload.ts';

/** A window holds this much work: enough to bridge a pause of the mesh, and little enough to lose. */
const WINDOW_SECONDS = 8;
/** Most tasks of a window. It bounds the hand-out of tasks that take no time. */
export const MAX_WINDOW = 256;

/**
 * How many tasks of one node a user should have at a time. Without a measurement it is two for each slot, so the next one
 * begins while a result is on its way. Near the end it is half of its share, because all users should finish together.
 */
export const windowOf = (
  { slots, secondsPerTask }: { slots: number; secondsPerTask: number | undefined },
  waiting: number,
  workerCount: number,
): number => {
  const least = slots + 1;
  const inSeconds =
    secondsPerTask === undefined
      ? 2 * slots
      : Math.ceil((WINDOW_SECONDS * slots) / Math.max(secondsPerTask, 1e-6));
  const window = Math.max(least, Math.min(inSeconds, MAX_WINDOW));
  const share = Math.max(slots, Math.ceil(waiting / (2 * Math.max(workerCount, 1))));
  return Math.min(window, share);
};

/** The windows of a worker, by node. */
const windowsOf = (
  { nodes }: TaskGraph,
  { slots, paces }: Worker,
  waiting: number,
  workerCount: number,
): number[] =>
  nodes.map((_, node) => windowOf({ slots, secondsPerTask: paces[node] }, waiting, workerCount));

/** The load of a worker as a share of its window. Each task counts by the window of its own node. */
const loadOf = ({ loads }: Worker, windows: readonly number[]): number =>
  windows.reduce((sum, window, node) => sum + (loads[node] ?? 0) / window, 0);

/** Fills the window of a worker. Does nothing while more than half of the window is full and every slot has work. */
export const serve = (draft: Draft, worker: Worker): void => {
  const { workers } = draft;
  workers.hungry.delete(worker.id);
  if (!mayServe(draft, worker)) {
    return;
  }
  const waiting = readyCount(draft.state) - workers.holders.size + worker.attempts.size;
  const windows = windowsOf(draft.state.graph, worker, waiting, workers.byId.size);
  if (worker.attempts.size > worker.slots && loadOf(worker, windows) > 0.5) {
    return;
  }
  while (loadOf(worker, windows) < 1) {
    const ordinal = next(draft, worker);
    if (ordinal === undefined) {
      break;
    }
    handOut(draft, worker, ordinal);
  }
  if (worker.attempts.size === 0) {
    stealFor(draft, worker);
  }
  if (worker.attempts.size === 0) {
    copyFor(draft, worker);
  }
  if (worker.attempts.size < worker.slots) {
    workers.hungry.add(worker.id);
  }
};

/** Serves all users for whom no task waited before. */
export const serveHungry = (draft: Draft): void => {
  // `serve` adds a user again if it stays hungry, so this walks a copy.
  const hungry = [...draft.workers.hungry];
  for (const id of hungry) {
    const worker = draft.workers.byId.get(id);
    if (worker !== undefined) {
      serve(draft, worker);
    }
  }
};

const mayServe = ({ state, workers, now }: Draft, worker: Worker): boolean =>
  worker.phase === 'ready' &&
  worker.restsUntil <= now &&
  !isOver(state) &&
  state.phase !== 'paused' &&
  isFit(
    state.startedAt === undefined || state.isVersionDropped
      ? { ...state, version: versionToBegin(state, workers) }
      : state,
    worker,
  );

const next = (draft: Draft, worker: Worker): number | undefined => {
  const { state, workers } = draft;
  const isWaiting = (ordinal: number): boolean =>
    isReady(state, ordinal) &&
    !workers.holders.has(ordinal) &&
    workers.reserved?.has(ordinal) !== true;
  return workers.queue.next(isWaiting, (ordinal) => suits(draft, worker, ordinal));
};

/**
 * Whether a worker may get a task. A user that failed it gets it again only if no other user is within reach. If memory was
 * short, it goes to a machine with more, as long as one serves the session.
 */
const suits = (draft: Draft, worker: Worker, ordinal: number): boolean => {
  if (!maySecond(draft, worker, ordinal)) {
    return false;
  }
  const failures = troubleOf(draft.state, ordinal)?.failures;
  if (failures === undefined) {
    return true;
  }
  const short = Math.max(0, ...failures.map(({ shortOfBytes }) => shortOfBytes));
  const hasFailed = ({ id }: Worker): boolean => failures.some(({ user }) => user === id);
  const memoryOf = (one: Worker): number => taskMemoryOf(draft.state, one);
  if (short > 0 && memoryOf(worker) <= short) {
    const isBetter = (other: Worker): boolean => memoryOf(other) > short && !hasFailed(other);
    if ([...draft.workers.byId.values()].some(isBetter)) {
      return false;
    }
  }
  return !hasFailed(worker) || new Set(failures.map(({ user }) => user)).size >= reachOf(draft);
};

/** What is looked at twice goes to another owner than those who made it, as long as one may come. */
const maySecond = ({ state, workers, now }: Draft, worker: Worker, ordinal: number): boolean => {
  const votes = state.looks.get(ordinal);
  if (votes === undefined || votes.every(({ owner }) => owner !== worker.owner)) {
    return true;
  }
  const since = workers.lookedSince.get(ordinal) ?? now;
  workers.lookedSince.set(ordinal, since);
  const isVoter = ({ owner }: { owner: string }): boolean =>
    votes.some((vote) => vote.owner === owner);
  return now - since > LOOK_PATIENCE_MS || workers.known.values().every(isVoter);
};

const handOut = (draft: Draft, worker: Worker, ordinal: number): void => {
  const { workers, state, now } = draft;
  recordStart(draft);
  workers.attemptCounter += 1;
  const attempt = formatAttemptId(state.epoch, workers.attemptCounter);
  const node = nodeOf(state.graph, ordinal);
  const generation = generationOf(state, ordinal);
  hold(workers, worker, attempt, { ordinal, node, generation, since: now, isStarted: false });
};

/** Gives an idle worker half of the tasks that the fullest other worker has not begun, but at most one window. */
const stealFor = (draft: Draft, worker: Worker): void => {
  const { holder, attempts } = draft.workers.byId
    .values()
    .filter(({ id }) => id !== worker.id)
    .map((each) => ({ holder: each, attempts: spare(each) }))
    .reduce((most, each) => (each.attempts.length > most.attempts.length ? each : most), {
      holder: worker,
      attempts: [],
    });
  if (attempts.length === 0) {
    return;
  }
  const lastNode = nodeOf(draft.state.graph, attempts.at(-1)?.[1] ?? 0);
  const pace = { slots: worker.slots, secondsPerTask: worker.paces[lastNode] };
  const most = windowOf(pace, Infinity, 1);
  const share = Math.min(Math.ceil(attempts.length / 2), most);
  for (const [attempt, ordinal] of attempts.slice(-share)) {
    if (suits(draft, worker, ordinal)) {
      withdraw(draft.workers, holder, attempt);
      handOut(draft, worker, ordinal);
    }
  }
};

/** Gives an idle worker a copy of the running task that ends last, among those that it will probably finish first. */
const copyFor = (draft: Draft, worker: Worker): void => {
  const copied = overtakable(draft, worker).find(({ ordinal }) => suits(draft, worker, ordinal));
  if (copied !== undefined) {
    handOut(draft, worker, copied.ordinal);
  }
};

/** The attempts that a worker has not begun, as far as is known, with their ordinals. */
const spare = ({ attempts, slots }: Worker): [string, number][] =>
  [...attempts]
    .slice(slots)
    .flatMap(([attempt, held]) => (held.isStarted ? [] : [[attempt, held.ordinal]]));
