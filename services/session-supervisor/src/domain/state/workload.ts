import { kindOf, type WorkloadSpec } from '../../kinds/kinds.ts';
import { bitmapOf, countBoth, countWithin, emptyBitmap, has, type Bitmap } from '../sets/bitmap.ts';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import type { Checkpoint, Entry, UsedEngine, Vote } from './entries.ts';
import type { InputFile, ResultCheck } from '../../kinds/kind.ts';
import { emptySmallIntMap, valueAt, type SmallIntMap } from '../sets/small-int-map.ts';
import { emptySparseMap, sparseEntries, sparseGet, type SparseMap } from '../sets/sparse-map.ts';
import { blockedOf, initiallyBlocked, inputsOf } from '../graph/readiness.ts';
import {
  nodeAt,
  nodeOf,
  taskKey,
  taskOrdinal,
  type PlacedNode,
  type TaskGraph,
} from '../graph/task-graph.ts';

/** The part of a workload that StartWorkload writes and nothing changes afterwards. */
export interface WorkloadHeader {
  id: string;
  customer: string;
  spec: WorkloadSpec;
  /** Unset for work without an input. */
  file?: InputFile;
  /** The number of users that the customer asked for. */
  wanted: number;
  /** Wall clock, milliseconds since 1970. */
  createdAt: number;
}

export type Phase =
  | 'pending'
  | 'running'
  | 'paused'
  /** Nothing can be done until a person rules on a result. It holds no slot, no user and, once it is closed, no owner. */
  | 'awaiting-approval'
  | 'stopped'
  | 'completed'
  | 'failed';

export interface UserShare {
  id: string;
  name: string;
  completed: number;
  /** Seconds of work of its accepted results. */
  seconds: number;
}

/** Accepted results, and the sum of their seconds of work. */
export type Work = Pick<UserShare, 'completed' | 'seconds'>;

/** What went wrong with a task so far. */
export interface Trouble {
  /** Its failures, oldest first. Those with `isTaskFault` count against the budget. */
  failures: readonly {
    attempt: string;
    user: string;
    /** Unset where an earlier version wrote it. */
    userName?: string;
    isTaskFault: boolean;
    /** The memory of the machine, if it was too little; 0 for every other failure. */
    shortOfBytes: number;
  }[];
  losses: number;
  /** The losses since its last checkpoint. These count against the budget. */
  vainLosses: number;
  /** The attempt that was given back last. */
  yielded?: string;
  last?: {
    attempt: string;
    user: string;
    /** Unset where an earlier version wrote it. */
    userName?: string;
    failureClass: FailureClassName;
    reason: string;
    log: string;
    at: number;
  };
  /** Why it was given up; unset if it was not. */
  givenUp?: string;
}

/** The approval that a result wanted, and what came of it. */
export interface Approval {
  /** The generation of the result that was or is to be looked at. */
  generation: number;
  /** Of that result: one that is made again alike needs no second ruling. */
  sha256: string;
  /** Since when it was wanted, wall clock in milliseconds. */
  since: number;
  ruling?: Ruling;
}

export interface Ruling {
  isApproved: boolean;
  /** `customer acme`, `operator ops`. */
  by: string;
  reason: string;
  at: number;
}

export interface Ending {
  /** The journal position of the entry that ended it. */
  position: number;
  at: number;
  /** `FRAMES_FAILED`, `MISSING_ASSETS`, …; empty if it completed. */
  reason: string;
  message: string;
}

/** What accepted results say of themselves. */
export interface Note {
  text: string;
  results: number;
}

export const MAX_NOTES = 20;

/** The accepted result of a task of an inner node. */
export interface PassedResult {
  blob: string;
  sha256: string;
  sizeBytes: number;
}

/** A user whose accepted results turned out not to be what it reported. */
export interface RefusedUser {
  id: string;
  name: string;
  results: number;
  /** The last of them. */
  task: string;
  reason: string;
}

export const MAX_REFUSED_USERS = 100;

/** What one machine says of the input of a workload. It counts once another machine says the same. */
export interface Suspicion {
  user: string;
  userName: string;
  failureClass: FailureClassName;
  /** The engine that the input needs, if that is what it says; else empty. */
  engine: string;
  reason: string;
}

/** How many accepted results an engine made. */
export type EngineShare = UsedEngine & { results: number };

export const MAX_ENGINE_SHARES = 20;

/** The state of a workload: the fold of its journal. Immutable. */
export interface WorkloadState {
  readonly header: WorkloadHeader;
  readonly graph: TaskGraph;
  /** The last position folded. */
  readonly position: number;
  /** The journal position at which the present owner took over; 0 for the first owner. */
  readonly epoch: number;
  /** The replica that took over there; empty for the first owner. */
  readonly owner: string;
  readonly phase: Phase;
  /** When the first work was handed out, wall clock in milliseconds; unset before that. */
  readonly startedAt?: number;
  readonly done: Bitmap;
  readonly givenUp: Bitmap;
  /** Undecided tasks that may not begin yet, because a predecessor is undecided. Derived from the other fields. */
  readonly blocked: Bitmap;
  /** For each done task, the index of its user in `shares`, plus 1. */
  readonly doneBy: SmallIntMap;
  readonly shares: readonly UserShare[];
  /** The accepted results of each node, by the node's place in the graph. */
  readonly nodeWork: readonly Work[];
  /** The last accepted results of tasks of inner nodes, by ordinal. They count while the task is done. */
  readonly passed: ReadonlyMap<number, PassedResult>;
  /** The highest generation of any task. Each retry or repair raises it and gives it to the tasks that are done again. */
  readonly generation: number;
  /** The generations of tasks that a retry or repair had done again; see `generationOf`. */
  readonly generations: SmallIntMap;
  /** The least generation of undecided tasks. Reopening raises it, because attempts from before it no longer count. */
  readonly leastGeneration: number;
  /** Tasks that are done again because their accepted result was missing, damaged or refused, until the new one is verified. */
  readonly repairs: Bitmap;
  /** Tasks whose accepted result the mesh has not looked at yet, of nodes whose results it checks. */
  readonly unverified: Bitmap;
  /** What was made so far of tasks that are looked at twice, by ordinal, oldest first. */
  readonly looks: ReadonlyMap<number, readonly Vote[]>;
  /** Tasks whose result a person must look at before what needs it begins. */
  readonly unruled: Bitmap;
  /** Tasks whose result a person rejected. What needs it is given up. */
  readonly rejected: Bitmap;
  /** The last two checkpoints of tasks that are not done, oldest first, by ordinal; see `checkpointOf`. */
  readonly checkpoints: SparseMap<readonly Checkpoint[]>;
  /** The approvals that were wanted, by ordinal; see `approvalOf`. */
  readonly approvals: SparseMap<Approval>;
  /** Tasks of which two owners made the same. */
  readonly confirmed: Bitmap;
  /** For each user, how many of its results others made again alike. */
  readonly goodLooks: ReadonlyMap<string, number>;
  /** Whose results were refused; the first {@link MAX_REFUSED_USERS}. */
  readonly refused: readonly RefusedUser[];
  /** What went wrong, by ordinal; see `troubleOf`. */
  readonly troubles: SparseMap<Trouble>;
  /** For each user, how many tasks it failed that others then completed. */
  readonly blame: ReadonlyMap<string, number>;
  /** The users that get no more work until a retry, with their names. */
  readonly barred: ReadonlyMap<string, string>;
  /** What machines say of the input that nobody has confirmed, oldest first, one of each user. Those get no more work meanwhile. */
  readonly suspicions: readonly Suspicion[];
  /** How many tasks had been given up at the last resume or retry. They are no reason to pause again. */
  readonly tolerated: number;
  /** Why the workload paused itself; empty if it did not. */
  readonly pausedBecause: string;
  readonly wanted: number;
  /** The engine that the customer chose or that the input turned out to need; empty while neither is known. */
  readonly engine: string;
  /** The notes of accepted results, and how many results carried each. At most {@link MAX_NOTES} different ones. */
  readonly notes: readonly Note[];
  /** What made the accepted results. At most {@link MAX_ENGINE_SHARES} different ones. */
  readonly madeWith: readonly EngineShare[];
  /** The engine version of all results; empty before the first hand-out, and if results may come from any version. */
  readonly version: string;
  /** The version is to be chosen anew, with the next hand-out. */
  readonly isVersionDropped: boolean;
  readonly ending?: Ending;
  readonly deleteResults: boolean;
  readonly closed: boolean;
  /** The last 1,000 commands, oldest first: request id → hash of the request. */
  readonly requests: ReadonlyMap<string, string>;
}

/** The state of a workload before its first entry. */
export const begin = (header: WorkloadHeader): WorkloadState => {
  const kind = kindOf(header.spec);
  const graph = kind.graphOf(header.spec);
  const size = graph.count;
  const sleeping = graph.nodes.filter(({ sleeps }) => sleeps);
  const done = bitmapOf(size, sleeping.map(rangeOf));
  const none = emptyBitmap(size);
  const undecided = { graph, done, givenUp: none, unruled: none, rejected: none };
  return {
    header,
    position: 0,
    epoch: 0,
    owner: '',
    phase: 'pending',
    ...undecided,
    checkpoints: emptySparseMap(size),
    approvals: emptySparseMap(size),
    blocked: sleeping.length === 0 ? initiallyBlocked(graph) : blockedOf(undecided),
    doneBy: emptySmallIntMap(size),
    shares: [],
    nodeWork: graph.nodes.map(() => ({ completed: 0, seconds: 0 })),
    passed: new Map(),
    generation: 0,
    generations: emptySmallIntMap(size),
    leastGeneration: 0,
    repairs: emptyBitmap(size),
    unverified: emptyBitmap(size),
    looks: new Map(),
    confirmed: emptyBitmap(size),
    goodLooks: new Map(),
    refused: [],
    troubles: emptySparseMap(size),
    blame: new Map(),
    barred: new Map(),
    suspicions: [],
    tolerated: 0,
    pausedBecause: '',
    wanted: header.wanted,
    engine: kind.chosenEngine(header.spec),
    notes: [],
    madeWith: [],
    version: '',
    isVersionDropped: false,
    deleteResults: false,
    closed: false,
    requests: new Map(),
  };
};

interface Span {
  first: number;
  last: number;
}

/** The ordinals of a node's tasks. */
const rangeOf = ({ offset, indices }: PlacedNode): Span => ({
  first: offset,
  last: offset + indices.count - 1,
});

/** Whether a task sleeps: it counts as done, but nobody did it. */
export const isAsleep = (
  { graph, done, passed }: Pick<WorkloadState, 'graph' | 'done' | 'passed'>,
  ordinal: number,
): boolean =>
  nodeAt(graph, nodeOf(graph, ordinal)).sleeps === true &&
  has(done, ordinal) &&
  !passed.has(ordinal);

/** How many tasks of a node sleep. */
const asleepIn = (state: WorkloadState, node: PlacedNode): number => {
  const { first, last } = rangeOf(node);
  let asleep = 0;
  for (let ordinal = first; node.sleeps && ordinal <= last; ordinal += 1) {
    asleep += isAsleep(state, ordinal) ? 1 : 0;
  }
  return asleep;
};

/** How many tasks of a node have a result that waits until others have made it again. They count as completed. */
const lookedAtIn = ({ looks, done }: WorkloadState, { first, last }: Span): number =>
  looks
    .keys()
    .reduce((sum, each) => sum + Number(each >= first && each <= last && !has(done, each)), 0);

/** The failures and losses of a task so far; undefined if there are none. */
export const troubleOf = ({ troubles }: WorkloadState, ordinal: number): Trouble | undefined =>
  sparseGet(troubles, ordinal);

/** How many checkpoints of a task are kept: the last could be damaged. */
export const KEPT_CHECKPOINTS = 2;

/** Where a task that is not done goes on; undefined if it begins anew. */
export const checkpointOf = (
  { checkpoints }: Pick<WorkloadState, 'checkpoints'>,
  ordinal: number,
): Checkpoint | undefined => sparseGet(checkpoints, ordinal)?.at(-1);

/** The blobs of all checkpoints that are kept. */
export const checkpointBlobs = ({ checkpoints }: Pick<WorkloadState, 'checkpoints'>): string[] =>
  [...sparseEntries(checkpoints)]
    .flatMap(([, kept]) => kept.map(({ blob }) => blob))
    .filter((blob) => blob !== '');

/** The approval that a task's result wanted; undefined if it wanted none. */
export const approvalOf = ({ approvals }: WorkloadState, ordinal: number): Approval | undefined =>
  sparseGet(approvals, ordinal);

/** Whether a workload waits for nothing but rulings, or is about to let go of what it held. */
export const isParked = ({ phase }: Pick<WorkloadState, 'phase'>): boolean =>
  phase === 'awaiting-approval';

/** Whether a workload has ended. Results of repairs may still be accepted (see `isOver`). */
export const hasEnded = ({ phase }: Pick<WorkloadState, 'phase'>): boolean =>
  phase === 'stopped' || phase === 'completed' || phase === 'failed';

/** Whether a workload has ended and has no repairs left, so that no result can be accepted any more. */
export const isOver = (state: Pick<WorkloadState, 'phase' | 'repairs'>): boolean =>
  hasEnded(state) && state.repairs.count === 0;

/** Whether a task still needs a result. In an ended workload only tasks under repair do. */
export const isOpen = (state: WorkloadState, ordinal: number): boolean =>
  !has(state.done, ordinal) &&
  !has(state.givenUp, ordinal) &&
  (!hasEnded(state) || has(state.repairs, ordinal));

/** Whether a task is open and may begin, because its predecessors are decided. */
export const isReady = (state: WorkloadState, ordinal: number): boolean =>
  isOpen(state, ordinal) && !has(state.blocked, ordinal);

const undecidedCount = ({ graph, done, givenUp }: WorkloadState): number =>
  graph.count - done.count - givenUp.count;

/** How many tasks are open and may begin. */
export const readyCount = (state: WorkloadState): number =>
  hasEnded(state)
    ? state.repairs.count -
      countBoth(state.repairs, state.blocked) -
      countBoth(state.repairs, state.done)
    : undecidedCount(state) - state.blocked.count;

/** The generation of a task: that of its accepted result, or else the one that its next result must have. */
export const generationOf = (state: WorkloadState, ordinal: number): number => {
  const { generations, leastGeneration, done } = state;
  const own = valueAt(generations, ordinal);
  return has(done, ordinal) ? own : Math.max(own, leastGeneration);
};

/**
 * Whether a held task may go out, by the durable state: the decisions about its predecessors could still be lost before, and so
 * could the choice of the engine's version.
 */
export const isFounded = (
  state: WorkloadState,
  held: { ordinal: number; node: number; generation: number },
): boolean =>
  isVersionChosen(state) &&
  (state.graph.nodes[held.node]?.after.length === 0 ||
    (!has(state.blocked, held.ordinal) && generationOf(state, held.ordinal) === held.generation));

const isVersionChosen = ({ startedAt, header, isVersionDropped }: WorkloadState): boolean =>
  (startedAt !== undefined && !isVersionDropped) || !kindOf(header.spec).keepsOneVersion;

/** Whether an entry accepted the result that still counts for its task, because no retry or repair replaced it. */
export const isCurrentResult = (
  state: WorkloadState,
  entry: Entry,
): entry is Extract<Entry, { kind: 'accepted' }> => {
  const ordinal = entry.kind === 'accepted' ? taskOrdinal(state.graph, entry.task) : undefined;
  return (
    entry.kind === 'accepted' &&
    ordinal !== undefined &&
    has(state.done, ordinal) &&
    generationOf(state, ordinal) === entry.generation
  );
};

/** How the result of a task is checked. */
export const checkOf = ({ header, graph }: WorkloadState, ordinal: number): ResultCheck =>
  kindOf(header.spec).checkOf(header.spec, nodeAt(graph, nodeOf(graph, ordinal)).id);

/** Whether the mesh checks any results of a workload. */
export const hasChecks = ({ spec }: Pick<WorkloadHeader, 'spec'>, { nodes }: TaskGraph): boolean =>
  nodes.some(({ id }) => kindOf(spec).checkOf(spec, id).kind !== 'none');

/** Whether the accepted result of a task is verified, or of a node whose results are not checked. */
export const isVerified = (state: WorkloadState, task: string): boolean => {
  const ordinal = taskOrdinal(state.graph, task);
  return ordinal !== undefined && has(state.done, ordinal) && !has(state.unverified, ordinal);
};

/** How many results of the workload are verified, or not checked. */
export const verifiedCount = (state: WorkloadState): number =>
  outerCountsOf(state).completed -
  state.unverified.count -
  lookedAtIn(state, { first: 0, last: state.graph.count - 1 });

/** An accepted result of a task that others depend on. */
export type InputResult = PassedResult & { task: string; generation: number };

/** The results that these tasks depend on, each once, as far as they are accepted; of what was given up, the last checkpoint. */
export const inputResultsOf = (state: WorkloadState, ordinals: readonly number[]): InputResult[] =>
  [...new Set(ordinals.flatMap((ordinal) => inputsOf(state, ordinal)))].flatMap((ordinal) => {
    const result = has(state.done, ordinal)
      ? state.passed.get(ordinal)
      : checkpointOf(state, ordinal);
    const task = taskKey(state.graph, ordinal);
    if (result === undefined) {
      return [];
    }
    const { blob, sha256, sizeBytes } = result;
    return [{ blob, sha256, sizeBytes, task, generation: generationOf(state, ordinal) }];
  });

/** The counts that people see: completed + failed + remaining = total. */
export interface Counts {
  total: number;
  completed: number;
  failed: number;
  remaining: number;
}

/** The counts of each node, by the node's place in the graph, without tasks that sleep. */
export const nodeCountsOf = (state: WorkloadState): Counts[] =>
  state.graph.nodes.map((node) => {
    const range = rangeOf(node);
    const asleep = asleepIn(state, node);
    const total = node.indices.count - asleep;
    const completed = countWithin(state.done, range) - asleep + lookedAtIn(state, range);
    const failed = countWithin(state.givenUp, range);
    return { total, completed, failed, remaining: total - completed - failed };
  });

const sumOf = (counts: readonly Counts[]): Counts =>
  counts.reduce((sum, each) => ({
    total: sum.total + each.total,
    completed: sum.completed + each.completed,
    failed: sum.failed + each.failed,
    remaining: sum.remaining + each.remaining,
  }));

/** The counts of the tasks whose results are the workload's. */
export const outerCountsOf = (state: WorkloadState): Counts => {
  const { nodes } = state.graph;
  return nodes.some(({ isInner }) => isInner)
    ? sumOf(nodeCountsOf(state).filter((_, place) => nodes[place]?.isInner !== true))
    : countsOf(state);
};

/** The counts of all tasks but those that sleep. */
export const countsOf = (state: WorkloadState): Counts => {
  const asleep = state.graph.nodes.reduce((sum, node) => sum + asleepIn(state, node), 0);
  const total = state.graph.count - asleep;
  const completed = state.done.count - asleep;
  const failed = state.givenUp.count;
  const looked = lookedAtIn(state, { first: 0, last: state.graph.count - 1 });
  return {
    total,
    completed: completed + looked,
    failed,
    remaining: total - completed - looked - failed,
  };
};
