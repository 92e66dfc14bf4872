import { emptyBitmap, has, ordinalsOf, withBit, withoutBit } from '../sets/bitmap.ts';
import { approvalWanted, ruled, unparked, withoutRuling } from './approvals.ts';
import { checkpointed, checkpointLost } from './checkpoints.ts';
import type { AcceptedResult, Entry, RequestMark, TaskGeneration, UsedEngine } from './entries.ts';
import { valueAt, withValue } from '../sets/small-int-map.ts';
import { sparseDelete } from '../sets/sparse-map.ts';
import { blockedAfter, falloutOf, withHopes } from '../graph/readiness.ts';
import { nodeOf, taskKey, taskOrdinal } from '../graph/task-graph.ts';
import { ordinalsFromText } from '../graph/task-text.ts';
import { faultIn, suspicionsAfter, withoutRefuted } from './suspicions.ts';
import { withTrouble } from './troubles.ts';
import {
  type EngineShare,
  checkOf,
  hasEnded,
  isParked,
  MAX_ENGINE_SHARES,
  MAX_NOTES,
  MAX_REFUSED_USERS,
  troubleOf,
  type Note,
  type PassedResult,
  type RefusedUser,
  type Phase,
  type Work,
  type WorkloadState,
} from './workload.ts';

/** Raise it if the same entries fold to another state or the state's form changes: old snapshots are then ignored. */
export const FOLD_VERSION = 13;

/** Number of commands whose request ids a state remembers. */
const REMEMBERED_REQUESTS = 1_000;

export interface At {
  n: number;
  /** The writer's wall clock, milliseconds since 1970. */
  at: number;
}

/** The state after one more entry. An entry about a task that the workload does not have leaves the tasks unchanged. */
export const fold = (state: WorkloadState, entry: Entry, at: At): WorkloadState => {
  switch (entry.kind) {
    case 'taken-over':
      // A closed workload stays closed, because only a retry or a repair opens it.
      return { ...state, epoch: at.n, owner: entry.owner };
    case 'started':
      return {
        ...state,
        phase: state.phase === 'pending' ? 'running' : state.phase,
        startedAt: state.startedAt ?? at.at,
        version: entry.version,
        isVersionDropped: false,
      };
    case 'version-dropped':
      return versionDropped(state, entry.tasks);
    case 'accepted':
      return accepted(state, entry);
    case 'duplicate':
      return state;
    case 'attempt-failed': {
      const { attempt, user, userName, failureClass, reason, log } = entry;
      const last = { attempt, user, userName, failureClass, reason, log, at: at.at };
      const shortOfBytes = failureClass === 'OUT_OF_MEMORY' ? entry.memoryBytes : 0;
      const isTaskFault = faultIn(state, failureClass) === 'task';
      const failure = { attempt, user, userName, isTaskFault, shortOfBytes };
      const suspicions = suspicionsAfter(state, entry);
      return withTrouble({ ...state, suspicions }, entry.task, (trouble) => ({
        ...trouble,
        failures: [...trouble.failures, failure],
        last,
      }));
    }
    case 'attempt-lost':
      return withTrouble(state, entry.task, (trouble) => ({
        ...trouble,
        losses: trouble.losses + 1,
        vainLosses: trouble.vainLosses + 1,
      }));
    case 'checkpointed':
      return checkpointed(state, entry);
    case 'checkpoint-lost':
      return checkpointLost(state, entry);
    case 'yielded':
      return withTrouble(state, entry.task, (trouble) => ({ ...trouble, yielded: entry.attempt }));
    case 'task-failed':
      return givenUp(state, entry.task, entry.reason);
    case 'user-barred':
      return {
        ...state,
        barred: new Map(state.barred).set(entry.user, entry.userName ?? entry.user),
      };
    case 'engine-learnt':
      // Whoever named another engine is judged by the needs of the workload from now on.
      return {
        ...state,
        engine: entry.engine,
        suspicions: state.suspicions.filter(({ engine }) => engine === ''),
      };
    case 'paused':
      return remember(
        { ...state, phase: 'paused', pausedBecause: entry.reason ?? '' },
        entry.request,
      );
    case 'resumed':
      return remember(goOn(state), entry.request);
    case 'retried':
      return remember(retried(state, entry.tasks), entry.request);
    case 'repair-wanted':
      return repairWanted(state, ordinalsFromText(state.graph, entry.tasks));
    case 'split':
      return split(state, ordinalsFromText(state.graph, entry.tasks));
    case 'verified':
      return verified(state, ordinalsFromText(state.graph, entry.tasks));
    case 'result-refused':
      return refused(state, entry, at);
    case 'look-wanted':
      return lookWanted(state, entry);
    case 'looked':
      return looked(state, entry);
    case 'user-distrusted':
      return distrusted(state, entry, at);
    case 'approval-wanted':
      return openingAfter(approvalWanted(state, entry, at), entry);
    case 'approved':
    case 'rejected':
      return remember(openingAfter(ruled(state, entry, at), entry), entry.request);
    case 'parked':
      return { ...state, phase: 'awaiting-approval' };
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

/** Folds all entries of one journal document. */
export const foldDocument = (
  state: WorkloadState,
  document: { n: number; at: Date; entries: readonly Entry[] },
): WorkloadState => {
  const at = { n: document.n, at: document.at.getTime() };
  const folded = document.entries.reduce((before, entry) => fold(before, entry, at), state);
  return { ...folded, position: document.n };
};

/** Whether the results of a task only serve later ones. */
const isInner = ({ graph }: WorkloadState, ordinal: number): boolean =>
  graph.nodes[nodeOf(graph, ordinal)]?.isInner === true;

const accepted = (state: WorkloadState, result: AcceptedResult): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, result.task);
  if (ordinal === undefined) {
    return state;
  }
  const { generation, seconds, user: id, userName: name } = result;
  const known = state.shares.findIndex((share) => share.id === id);
  const index = known < 0 ? state.shares.length : known;
  const shares = state.shares.slice();
  const node = nodeOf(state.graph, ordinal);
  const isOfInner = isInner(state, ordinal);
  const share = state.shares[index];
  // A share counts results of the workload that still count, but all work.
  const completed = (share?.completed ?? 0) + (isOfInner ? 0 : 1);
  shares[index] = { id, name, ...withWork(share, seconds), completed };
  return opening(
    withoutRefuted({
      ...state,
      shares,
      nodeWork: state.nodeWork.with(node, withWork(state.nodeWork[node], seconds)),
      done: withBit(state.done, ordinal),
      doneBy: withValue(state.doneBy, ordinal, index + 1),
      generations:
        generation === 0 ? state.generations : withValue(state.generations, ordinal, generation),
      ...(checkOf(state, ordinal).kind === 'none'
        ? { repairs: withoutBit(state.repairs, ordinal) }
        : { unverified: withBit(state.unverified, ordinal) }),
      blame: blamed(state, ordinal, result.user),
      checkpoints: sparseDelete(state.checkpoints, ordinal),
      notes: withNotes(state.notes, result.notes),
      passed: isOfInner ? new Map(state.passed).set(ordinal, passedOf(result)) : state.passed,
      madeWith: withUsed(state.madeWith, result.used),
    }),
    [ordinal],
  );
};

const passedOf = ({ blob, sha256, sizeBytes }: AcceptedResult): PassedResult => ({
  blob,
  sha256,
  sizeBytes,
});

const withNotes = (known: readonly Note[], more: readonly string[]): readonly Note[] => {
  let notes = known;
  for (const text of more) {
    const at = notes.findIndex((note) => note.text === text);
    if (at >= 0) {
      notes = notes.with(at, { text, results: (notes[at]?.results ?? 0) + 1 });
    } else {
      // The rarest makes room, because one user alone could fill the list.
      const rarest = notes.findLastIndex(({ results }) => results === 1);
      const kept = notes.length < MAX_NOTES ? notes : notes.filter((_, i) => i !== rarest);
      notes = kept.length < MAX_NOTES ? [...kept, { text, results: 1 }] : notes;
    }
  }
  return notes;
};

const withUsed = (
  known: readonly EngineShare[],
  used: UsedEngine | undefined,
): readonly EngineShare[] => {
  if (used === undefined) {
    return known;
  }
  const { engine, version, device } = used;
  const at = known.findIndex(
    (each) => each.engine === engine && each.version === version && each.device === device,
  );
  const share = { engine, version, device, results: (known[at]?.results ?? 0) + 1 };
  if (at >= 0) {
    return known.with(at, share);
  }
  return known.length < MAX_ENGINE_SHARES ? [...known, share] : known;
};

const withWork = (work: Work | undefined, seconds: number): Work => ({
  completed: (work?.completed ?? 0) + 1,
  seconds: (work?.seconds ?? 0) + seconds,
});

/** Updates `blocked`, after decisions about these tasks were made or taken back. */
const opening = (state: WorkloadState, changed: Iterable<number>): WorkloadState => {
  const blocked = blockedAfter(state, changed);
  return blocked === state.blocked ? state : { ...state, blocked };
};

/** The same after a ruling on the result of a task, or the wish for one. */
const openingAfter = (state: WorkloadState, { task }: TaskGeneration): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  return ordinal === undefined ? state : opening(state, [ordinal]);
};

/** Blames users that failed a task, because another user completed it and the fault may be their own. */
const blamed = (state: WorkloadState, ordinal: number, maker: string): WorkloadState['blame'] => {
  const failures = troubleOf(state, ordinal)?.failures ?? [];
  const faults = failures.filter(({ user, isTaskFault }) => isTaskFault && user !== maker);
  if (faults.length === 0) {
    return state.blame;
  }
  const blame = new Map(state.blame);
  for (const user of new Set(faults.map((fault) => fault.user))) {
    blame.set(user, (blame.get(user) ?? 0) + 1);
  }
  return blame;
};

export interface Retry {
  /** The tasks to do again: those that were named, and their predecessors that were given up. */
  readonly tasks: ReadonlySet<number>;
  /** Successors of a task whose decision is taken back. They were begun or done on a result that no longer counts. */
  readonly fallout: ReadonlySet<number>;
}

/** Reads a retry. An empty `text` means all tasks that were given up. */
export const retryOf = (state: WorkloadState, text: string): Retry => {
  const { graph, done, givenUp: failed } = state;
  const named = text === '' ? ordinalsOf(failed) : ordinalsFromText(graph, text);
  const tasks = withHopes(state, named);
  const takenBack = [...tasks].filter((ordinal) => has(done, ordinal) || has(failed, ordinal));
  return { tasks, fallout: falloutOf(graph, takenBack) };
};

const goOn = (state: WorkloadState): WorkloadState => ({
  ...state,
  phase: state.startedAt === undefined ? 'pending' : 'running',
  pausedBecause: '',
  tolerated: state.givenUp.count,
});

/**
 * Takes back the decisions about tasks; only results of a new generation count for them. So it is for undecided tasks of the
 * fallout, because users work on them with results that no longer count.
 */
const undecided = (state: WorkloadState, { tasks, fallout }: Retry): WorkloadState => {
  let { done, givenUp: failed, doneBy, generations, troubles, repairs } = state;
  let { unverified, confirmed, checkpoints } = state;
  const looks = new Map(state.looks);
  const generation = state.generation + 1;
  const shares = state.shares.slice();
  let unruled = state;
  const takeBack = (ordinal: number): void => {
    const index = valueAt(doneBy, ordinal) - 1;
    const share = shares[index];
    if (share !== undefined && !isInner(state, ordinal)) {
      shares[index] = { ...share, completed: Math.max(0, share.completed - 1) };
    }
  };
  const forget = (ordinal: number): void => {
    takeBack(ordinal);
    done = withoutBit(done, ordinal);
    failed = withoutBit(failed, ordinal);
    doneBy = withValue(doneBy, ordinal, 0);
    unverified = withoutBit(unverified, ordinal);
    confirmed = withoutBit(confirmed, ordinal);
    looks.delete(ordinal);
    unruled = withoutRuling(unruled, ordinal);
    checkpoints = sparseDelete(checkpoints, ordinal);
    repairs = withoutBit(repairs, ordinal);
    generations = withValue(generations, ordinal, generation);
  };
  for (const ordinal of tasks) {
    troubles = sparseDelete(troubles, ordinal);
    if (has(done, ordinal) || has(failed, ordinal)) {
      forget(ordinal);
    }
  }
  for (const ordinal of fallout) {
    troubles = sparseDelete(troubles, ordinal);
    forget(ordinal);
  }
  const changed = { done, givenUp: failed, doneBy, generations, troubles, repairs, unverified };
  const seen = { confirmed, looks, checkpoints };
  return opening({ ...unruled, ...changed, ...seen, shares, generation }, [...tasks, ...fallout]);
};

const retried = (state: WorkloadState, tasks: string): WorkloadState => {
  const retry = retryOf(state, tasks);
  const open = {
    ...undecided(state, retry),
    blame: new Map<string, number>(),
    barred: new Map<string, string>(),
    suspicions: [],
  };
  if (isParked(state)) {
    return unparked(open);
  }
  if (hasEnded(state)) {
    const { ending: _, ...reopened } = open;
    return goOn({ ...reopened, leastGeneration: open.generation, closed: false });
  }
  return state.phase === 'paused' && state.pausedBecause === ''
    ? { ...open, tolerated: open.givenUp.count }
    : goOn(open);
};

const versionDropped = (state: WorkloadState, text: string): WorkloadState => {
  const tasks = text === '' ? new Set<number>() : ordinalsFromText(state.graph, text);
  const open = undecided(state, { tasks, fallout: new Set() });
  return { ...open, version: '', isVersionDropped: true, leastGeneration: open.generation };
};

const repairWanted = (state: WorkloadState, ordinals: ReadonlySet<number>): WorkloadState => {
  const damaged = new Set([...ordinals].filter((ordinal) => has(state.done, ordinal)));
  // Successors keep their results, because a repair makes the same result again.
  const open = undecided(state, { tasks: damaged, fallout: new Set() });
  return unparked({
    ...open,
    repairs: [...damaged].reduce(withBit, open.repairs),
    closed: false,
  });
};

const verified = (state: WorkloadState, ordinals: ReadonlySet<number>): WorkloadState => {
  let { unverified, repairs } = state;
  for (const ordinal of ordinals) {
    unverified = withoutBit(unverified, ordinal);
    repairs = has(state.done, ordinal) ? withoutBit(repairs, ordinal) : repairs;
  }
  return withoutRefuted({ ...state, unverified, repairs });
};

const refused = (
  state: WorkloadState,
  { task, attempt, user, userName, reason }: Extract<Entry, { kind: 'result-refused' }>,
  { at }: At,
): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  if (ordinal === undefined) {
    return state;
  }
  const { failures } = troubleOf(state, ordinal) ?? { failures: [] };
  const open = repairWanted(state, new Set([ordinal]));
  const failure = { attempt, user, userName, isTaskFault: true, shortOfBytes: 0 };
  const last = {
    attempt,
    user,
    userName,
    failureClass: 'PICTURE_INVALID',
    reason,
    log: '',
    at,
  } as const;
  return {
    ...withTrouble(open, task, (trouble) => ({
      ...trouble,
      failures: [...failures, failure],
      last,
    })),
    // What others made of the task before still counts.
    looks: state.looks,
    blame: new Map(state.blame).set(user, (state.blame.get(user) ?? 0) + 1),
    refused: withRefused(state, { id: user, name: userName, results: 1, task, reason }),
  };
};

const withRefused = (
  { refused: known }: WorkloadState,
  { results, ...last }: RefusedUser,
): WorkloadState['refused'] => {
  const at = known.findIndex(({ id }) => id === last.id);
  return at < 0
    ? [...known, { ...last, results }].slice(0, MAX_REFUSED_USERS)
    : known.with(at, { ...last, results: results + (known[at]?.results ?? 0) });
};

const lookWanted = (
  state: WorkloadState,
  entry: Extract<Entry, { kind: 'look-wanted' }>,
): WorkloadState => {
  const { kind: _, ...vote } = entry;
  const ordinal = taskOrdinal(state.graph, vote.task);
  if (ordinal === undefined) {
    return state;
  }
  const votes = [...(state.looks.get(ordinal) ?? []), vote];
  return {
    ...undecided(state, { tasks: new Set([ordinal]), fallout: new Set() }),
    looks: new Map(state.looks).set(ordinal, votes),
  };
};

const looked = (
  state: WorkloadState,
  { task, right }: Extract<Entry, { kind: 'looked' }>,
): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  if (ordinal === undefined) {
    return state;
  }
  const looks = new Map(state.looks);
  looks.delete(ordinal);
  const goodLooks = new Map(state.goodLooks);
  for (const user of right) {
    goodLooks.set(user, (goodLooks.get(user) ?? 0) + 1);
  }
  const confirmed = right.length > 1 ? withBit(state.confirmed, ordinal) : state.confirmed;
  return { ...state, looks, goodLooks, confirmed };
};

const distrusted = (
  state: WorkloadState,
  { user: id, userName: name, task, reason, tasks }: Extract<Entry, { kind: 'user-distrusted' }>,
  { at }: At,
): WorkloadState => {
  const ordinals = tasks === '' ? new Set<number>() : ordinalsFromText(state.graph, tasks);
  let open = repairWanted(state, ordinals);
  for (const ordinal of ordinals) {
    // As for a failure, others are to have the task.
    const failure = { attempt: '', user: id, isTaskFault: false, shortOfBytes: 0 };
    const failureClass = 'PICTURE_INVALID';
    const last = {
      attempt: '',
      user: id,
      userName: name,
      failureClass,
      reason,
      log: '',
      at,
    } as const;
    open = withTrouble(open, taskKey(state.graph, ordinal), (trouble) => ({
      ...trouble,
      failures: [...trouble.failures, failure],
      last,
    }));
  }
  const goodLooks = new Map(state.goodLooks);
  goodLooks.delete(id);
  return {
    ...open,
    goodLooks,
    barred: new Map(state.barred).set(id, name),
    refused: withRefused(state, { id, name, results: ordinals.size + 1, task, reason }),
  };
};

const split = (state: WorkloadState, tasks: ReadonlySet<number>): WorkloadState =>
  undecided(state, { tasks, fallout: falloutOf(state.graph, tasks) });

const givenUp = (state: WorkloadState, task: string, reason: string): WorkloadState => {
  const ordinal = taskOrdinal(state.graph, task);
  if (ordinal === undefined) {
    return state;
  }
  const troubled = withTrouble(state, task, (trouble) => ({ ...trouble, givenUp: reason }));
  const repairs = withoutBit(state.repairs, ordinal);
  return opening({ ...troubled, givenUp: withBit(state.givenUp, ordinal), repairs }, [ordinal]);
};

const end = (
  state: WorkloadState,
  phase: Phase,
  { n, at }: At,
  reason: string,
  message: string,
): WorkloadState => ({
  ...state,
  phase,
  closed: false,
  repairs: emptyBitmap(state.repairs.size),
  suspicions: [],
  ending: { position: n, at, reason, message },
});

const remember = (state: WorkloadState, request: RequestMark | undefined): WorkloadState => {
  if (request === undefined) {
    return state;
  }
  const requests = new Map(state.requests).set(request.requestId, request.requestHash);
  const oldest = requests.keys().next();
  if (requests.size > REMEMBERED_REQUESTS && !oldest.done) {
    requests.delete(oldest.value);
  }
  return { ...state, requests };
};
