import { withBit } from './bitmap.ts';
import type { AcceptedResult, Entry, RequestMark } from './entries.ts';
import { withValue } from './small-int-map.ts';
import { sparseSet } from './sparse-map.ts';
import { taskOrdinal } from './tasks.ts';
import { troubleOf, type Phase, type Trouble, type UserShare, type WorkloadState } from './workload.ts';

/** Raise it whenever the same entries fold to another state or the state's form changes: old snapshots are ignored then. */
export const FOLD_VERSION = 2;

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
      const failure = { attempt, user, isTaskFault: isTaskFault(failureClass) };
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
    case 'paused':
      return remember({ ...state, phase: 'paused' }, entry.request);
    case 'resumed':
      return remember({ ...state, phase: state.startedAt === undefined ? 'pending' : 'running' }, entry.request);
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
  };
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
  return { ...troubled, givenUp: withBit(state.givenUp, ordinal) };
};

const end = (state: WorkloadState, phase: Phase, { n, at }: At, reason: string, message: string): WorkloadState => ({
  ...state,
  phase,
  ending: { position: n, at, from: state.phase, reason, message },
});

const remember = (state: WorkloadState, request: RequestMark | undefined): WorkloadState => {
  if (request === undefined) return state;
  const requests = new Map(state.requests).set(request.requestId, request.requestHash);
  const oldest = requests.keys().next();
  if (requests.size > REMEMBERED_REQUESTS && !oldest.done) requests.delete(oldest.value);
  return { ...state, requests };
};
