import { emptyBitmap, has, rangesOf, withBit, withoutBit } from './sets/bitmap.ts';
import type { AcceptedResult, Entry, RequestMark } from './entries.ts';
import { withValue } from './sets/small-int-map.ts';
import { sparseDelete, sparseSet } from './sets/sparse-map.ts';
import { ordinalsFromText, taskOrdinal } from './graph/task-graph.ts';
import { hasEnded, troubleOf, type Phase, type Trouble, type UserShare, type WorkloadState } from './workload.ts';

/** Raise it whenever the same entries fold to another state or the state's form changes: old snapshots are ignored then. */
export const FOLD_VERSION = 3;

/** How many commands are remembered. */
const REMEMBERED_REQUESTS = 1_000;

/** Where an entry stands. */
export interface At {
  /** The journal position. */
  n: number;
  /** The writer's wall clock, milliseconds since 1970. */
  at: number;
}

/**
 * What a workload is after one more entry. Pure: the old state stays as it was. An entry about a task that the workload
 * does not have leaves it unchanged.
 */
export const fold = (state: WorkloadState, entry: Entry, at: At): WorkloadState => {
  switch (entry.kind) {
    case 'taken-over':
      // What is closed stays so: only a retry or a repair opens it.
      return { ...state, reign: at.n, owner: entry.owner };
    case 'started':
      return {
        ...state,
        phase: state.phase === 'pending' ? 'running' : state.phase,
        startedAt: at.at,
        version: entry.version,
      };
    case 'accepted':
      return accepted(state, entry);
    case 'duplicate':
      return state;
    case 'attempt-failed': {
      const { attempt, user, failureClass, reason, log } = entry;
      const last = { attempt, user, failureClass, reason, log, at: at.at };
      const engine = failureClass === 'ENGINE_UNAVAILABLE' ? engineOf(state, entry.names) : state.engine;
      const shortOfBytes = failureClass === 'OUT_OF_MEMORY' ? entry.memoryBytes : 0;
      const failure = { attempt, user, isTaskFault: isTaskFault(failureClass), shortOfBytes };
      return withTrouble({ ...state, engine }, entry.task, (trouble) => ({
        ...trouble,
        failures: [...trouble.failures, failure],
        last,
      }));
    }
    case 'attempt-lost':
      return withTrouble(state, entry.task, (trouble) => ({ ...trouble, losses: trouble.losses + 1 }));
    case 'task-failed':
      return givenUp(state, entry.task, entry.reason);
    case 'user-barred':
      return { ...state, barred: new Set(state.barred).add(entry.user) };
    case 'paused':
      return remember({ ...state, phase: 'paused', pausedBecause: entry.reason ?? '' }, entry.request);
    case 'resumed':
      return remember(goOn(state), entry.request);
    case 'retried':
      return remember(retried(state, retriedOrdinals(state, entry.tasks)), entry.request);
    case 'repair-wanted':
      return repairWanted(state, ordinalsFromText(state.tasks, entry.tasks));
    case 'wanted-set':
      return remember({ ...state, wanted: entry.wanted }, entry.request);
    case 'stopped': {
      const ended = end(state, 'stopped', at, 'STOPPED_BY_COMMAND', 'stopped by command');
      return remember({ ...ended, deleteResults: entry.deleteResults }, entry.request);
    }
    case 'completed':
      return end(state, 'completed', at, '', '');
    case 'failed':
      return end(state, 'failed', at, entry.reason, entry.message);
    case 'closed':
      return { ...state, closed: true };
    default:
      return entry satisfies never;
  }
};

const ENGINE = /^[A-Z0-9_]{1,64}$/;

/** The engine that a scene wants, where nobody chose one: the first word of a user's machine counts. */
const engineOf = ({ engine, header }: WorkloadState, [named = '']: readonly string[]): string =>
  header.spec.kind === 'render' && engine === '' && ENGINE.test(named) ? named : engine;

/** Whether a failure counts against the task's budget, rather than against the machine or the scene. */
export const isTaskFault = (failureClass: string): boolean =>
  ['RENDER_ERROR', 'PICTURE_INVALID', 'RENDERER_DIED', 'TIMEOUT', 'OUT_OF_MEMORY'].includes(failureClass);

/** Folds all entries of a journal position. */
export const foldDocument = (
  state: WorkloadState,
  document: { n: number; at: Date; entries: readonly Entry[] },
): WorkloadState => {
  const at = { n: document.n, at: document.at.getTime() };
  const folded = document.entries.reduce((before, entry) => fold(before, entry, at), state);
  return { ...folded, position: document.n };
};

const accepted = (state: WorkloadState, result: AcceptedResult): WorkloadState => {
  const ordinal = taskOrdinal(state.tasks, result.task);
  if (ordinal === undefined) return state;
  const known = state.shares.findIndex(({ id }) => id === result.user);
  const index = known < 0 ? state.shares.length : known;
  const before: UserShare = state.shares[index] ?? { id: result.user, name: '', completed: 0, seconds: 0 };
  const { generation } = result;
  const shares = state.shares.slice();
  shares[index] = {
    ...before,
    name: result.userName,
    completed: before.completed + 1,
    seconds: before.seconds + result.seconds,
  };
  return {
    ...state,
    shares,
    done: withBit(state.done, ordinal),
    doneBy: withValue(state.doneBy, ordinal, index + 1),
    generations: generation === 0 ? state.generations : withValue(state.generations, ordinal, generation),
    repairs: withoutBit(state.repairs, ordinal),
    blame: blamed(state, ordinal, result.user),
  };
};

/** Whoever failed a task that somebody else completed may be at fault itself. */
const blamed = (state: WorkloadState, ordinal: number, maker: string): WorkloadState['blame'] => {
  const failures = troubleOf(state, ordinal)?.failures ?? [];
  const users = new Set(failures.flatMap(({ user, isTaskFault: counts }) => (counts && user !== maker ? [user] : [])));
  if (users.size === 0) return state.blame;
  const blame = new Map(state.blame);
  for (const user of users) blame.set(user, (blame.get(user) ?? 0) + 1);
  return blame;
};

/** The tasks that a retry means. */
export const retriedOrdinals = (state: Pick<WorkloadState, 'tasks' | 'givenUp'>, tasks: string): Iterable<number> =>
  tasks === '' ? givenUpOrdinals(state) : ordinalsFromText(state.tasks, tasks);

function* givenUpOrdinals({ givenUp: set }: Pick<WorkloadState, 'givenUp'>): Generator<number> {
  for (const { first, last } of rangesOf(set)) for (let ordinal = first; ordinal <= last; ordinal += 1) yield ordinal;
}

const goOn = (state: WorkloadState): WorkloadState => ({
  ...state,
  phase: state.startedAt === undefined ? 'pending' : 'running',
  pausedBecause: '',
  tolerated: state.givenUp.count,
});

/** Forgets what was decided about tasks; from now on results of a new generation count for them. */
const undecided = (state: WorkloadState, ordinals: Iterable<number>): WorkloadState => {
  let { done, givenUp: failed, doneBy, generations, troubles, repairs } = state;
  const generation = state.generation + 1;
  for (const ordinal of ordinals) {
    troubles = sparseDelete(troubles, ordinal);
    if (!has(done, ordinal) && !has(failed, ordinal)) continue;
    done = withoutBit(done, ordinal);
    failed = withoutBit(failed, ordinal);
    doneBy = withValue(doneBy, ordinal, 0);
    repairs = withoutBit(repairs, ordinal);
    generations = withValue(generations, ordinal, generation);
  }
  return { ...state, done, givenUp: failed, doneBy, generations, troubles, repairs, generation };
};

const retried = (state: WorkloadState, ordinals: Iterable<number>): WorkloadState => {
  const open = { ...undecided(state, ordinals), blame: new Map<string, number>(), barred: new Set<string>() };
  if (hasEnded(state)) {
    const { ending: _, ...reopened } = open;
    return goOn({ ...reopened, leastGeneration: open.generation, closed: false });
  }
  return state.phase === 'paused' && state.pausedBecause === ''
    ? { ...open, tolerated: open.givenUp.count }
    : goOn(open);
};

const repairWanted = (state: WorkloadState, ordinals: ReadonlySet<number>): WorkloadState => {
  const damaged = [...ordinals].filter((ordinal) => has(state.done, ordinal));
  const open = undecided(state, damaged);
  return { ...open, repairs: damaged.reduce(withBit, open.repairs), closed: false };
};

const untroubled: Trouble = { failures: [], losses: 0 };

const withTrouble = (state: WorkloadState, task: string, change: (trouble: Trouble) => Trouble): WorkloadState => {
  const ordinal = taskOrdinal(state.tasks, task);
  if (ordinal === undefined) return state;
  return { ...state, troubles: sparseSet(state.troubles, ordinal, change(troubleOf(state, ordinal) ?? untroubled)) };
};

const givenUp = (state: WorkloadState, task: string, reason: string): WorkloadState => {
  const ordinal = taskOrdinal(state.tasks, task);
  if (ordinal === undefined) return state;
  const troubled = withTrouble(state, task, (trouble) => ({ ...trouble, givenUp: reason }));
  return { ...troubled, givenUp: withBit(state.givenUp, ordinal), repairs: withoutBit(state.repairs, ordinal) };
};

const end = (state: WorkloadState, phase: Phase, { n, at }: At, reason: string, message: string): WorkloadState => ({
  ...state,
  phase,
  repairs: emptyBitmap(state.repairs.size),
  ending: { position: n, at, reason, message },
});

const remember = (state: WorkloadState, request: RequestMark | undefined): WorkloadState => {
  if (request === undefined) return state;
  const requests = new Map(state.requests).set(request.requestId, request.requestHash);
  const oldest = requests.keys().next();
  if (requests.size > REMEMBERED_REQUESTS && !oldest.done) requests.delete(oldest.value);
  return { ...state, requests };
};
