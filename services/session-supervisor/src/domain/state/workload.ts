import { kindOf } from '../../kinds/kinds.ts';
import { countBoth, countWithin, emptyBitmap, has, type Bitmap } from '../sets/bitmap.ts';
import type { FailureClass } from './failure-class.ts';
import type { WorkloadHeader } from './header.ts';
import { emptySmallIntMap, valueAt, type SmallIntMap } from '../sets/small-int-map.ts';
import { emptySparseMap, sparseGet, type SparseMap } from '../sets/sparse-map.ts';
import { initiallyBlocked } from '../graph/readiness.ts';
import type { TaskGraph } from '../graph/task-graph.ts';

/** How a workload stands. */
export type Phase = 'pending' | 'running' | 'paused' | 'stopped' | 'completed' | 'failed';

/** What one user did. */
export interface UserShare {
  id: string;
  name: string;
  completed: number;
  /** Seconds of work of its accepted results. */
  seconds: number;
}

/** The accepted results of one node. */
export interface NodeWork {
  completed: number;
  /** Seconds of work, all together. */
  seconds: number;
}

/** What went wrong with a task so far. */
export interface Trouble {
  /** Its failures, oldest first. `isTaskFault` ones count against the budget. */
  failures: readonly {
    attempt: string;
    user: string;
    isTaskFault: boolean;
    /** The memory of the machine that had too little of it; 0 for every other failure. */
    shortOfBytes: number;
  }[];
  losses: number;
  /** The last failure. */
  last?: { attempt: string; user: string; failureClass: FailureClass; reason: string; log: string; at: number };
  /** Why it was given up; unset while it was not. */
  givenUp?: string;
}

/** How a workload ended. */
export interface Ending {
  /** The position that says so. */
  position: number;
  at: number;
  /** `FRAMES_FAILED`, `MISSING_ASSETS`, …; empty for completed ones. */
  reason: string;
  message: string;
}

/** The state of a workload: the fold of its journal. Immutable. */
export interface WorkloadState {
  readonly header: WorkloadHeader;
  readonly graph: TaskGraph;
  /** The last position folded. */
  readonly position: number;
  /** The position at which the present owner took over; 0 for the first. */
  readonly reign: number;
  /** The instance that took over there; empty while the first owner reigns. */
  readonly owner: string;
  readonly phase: Phase;
  /** When the first work was handed out, wall clock in milliseconds; unset before. */
  readonly startedAt?: number;
  readonly done: Bitmap;
  readonly givenUp: Bitmap;
  /** Tasks that are not decided and stand after what is not decided either: nobody gets them yet. Follows from the others. */
  readonly blocked: Bitmap;
  /** For each done task the index into `shares`, plus 1. */
  readonly doneBy: SmallIntMap;
  readonly shares: readonly UserShare[];
  /** What was done of each node, by its place in the graph. */
  readonly nodeWork: readonly NodeWork[];
  /** The highest generation of any task: each retry and repair raises it for the tasks that it names. */
  readonly generation: number;
  /** Of tasks that were named by one; see `generationOf`. */
  readonly generations: SmallIntMap;
  /** No undecided task is of a lower generation: what was begun before the workload was reopened counts no more. */
  readonly leastGeneration: number;
  /** Tasks whose accepted result was missing or damaged and that are done again. */
  readonly repairs: Bitmap;
  /** What went wrong, by ordinal; see `troubleOf`. */
  readonly troubles: SparseMap<Trouble>;
  /** How many tasks that a user failed were then completed by others. */
  readonly blame: ReadonlyMap<string, number>;
  /** Users that get no more work. */
  readonly barred: ReadonlySet<string>;
  /** How many tasks had been given up when somebody last said to go on: they are no reason to pause again. */
  readonly tolerated: number;
  /** Why the workload paused itself; empty where it did not. */
  readonly pausedBecause: string;
  readonly wanted: number;
  /** The engine that the customer chose, or the input turned out to want; empty until then. */
  readonly engine: string;
  /** The version of the engine that all results come from; empty before the first hand-out, and where that does not matter. */
  readonly version: string;
  readonly ending?: Ending;
  readonly deleteResults: boolean;
  readonly closed: boolean;
  /** The last 1,000 commands, oldest first: request id → hash of the request. */
  readonly requests: ReadonlyMap<string, string>;
}

/** `fold(header, [])`: what a workload is before anything happened. */
export const begin = (header: WorkloadHeader): WorkloadState => {
  const kind = kindOf(header.spec);
  const graph = kind.graphOf(header.spec);
  const size = graph.count;
  return {
    header,
    graph,
    position: 0,
    reign: 0,
    owner: '',
    phase: 'pending',
    done: emptyBitmap(size),
    givenUp: emptyBitmap(size),
    blocked: initiallyBlocked(graph),
    doneBy: emptySmallIntMap(size),
    shares: [],
    nodeWork: graph.nodes.map(() => ({ completed: 0, seconds: 0 })),
    generation: 0,
    generations: emptySmallIntMap(size),
    leastGeneration: 0,
    repairs: emptyBitmap(size),
    troubles: emptySparseMap(size),
    blame: new Map(),
    barred: new Set(),
    tolerated: 0,
    pausedBecause: '',
    wanted: header.wanted,
    engine: kind.chosenEngine(header.spec),
    version: '',
    deleteResults: false,
    closed: false,
    requests: new Map(),
  };
};

/** What went wrong with a task so far; undefined if nothing did. */
export const troubleOf = ({ troubles }: Pick<WorkloadState, 'troubles'>, ordinal: number): Trouble | undefined =>
  sparseGet(troubles, ordinal);

/** Whether it has ended; results that are made again may still be accepted (see `isOver`). */
export const hasEnded = ({ phase }: Pick<WorkloadState, 'phase'>): boolean =>
  phase === 'stopped' || phase === 'completed' || phase === 'failed';

/** Whether nothing more can be accepted. */
export const isOver = (state: Pick<WorkloadState, 'phase' | 'repairs'>): boolean =>
  hasEnded(state) && state.repairs.count === 0;

/** Whether a task may be handed out and its result accepted; once the workload has ended only those under repair. */
export const isOpen = (state: WorkloadState, ordinal: number): boolean =>
  !has(state.done, ordinal) && !has(state.givenUp, ordinal) && (!hasEnded(state) || has(state.repairs, ordinal));

/** Whether an open task may begin: what it stands after is decided. */
export const isReady = (state: WorkloadState, ordinal: number): boolean =>
  isOpen(state, ordinal) && !has(state.blocked, ordinal);

/** How many tasks are open and may begin. */
export const readyCount = (state: WorkloadState): number =>
  hasEnded(state)
    ? state.repairs.count - countBoth(state.repairs, state.blocked)
    : countsOf(state).remaining - state.blocked.count;

/** The generation of a task: that of its accepted result, or that of which the next one must be. */
export const generationOf = (
  { generations, leastGeneration, done }: Pick<WorkloadState, 'generations' | 'leastGeneration' | 'done'>,
  ordinal: number,
): number => {
  const own = valueAt(generations, ordinal);
  return has(done, ordinal) ? own : Math.max(own, leastGeneration);
};

/**
 * Whether an attempt stands on what is in the journal: nobody may work on a task whose predecessors could still turn out
 * otherwise. `state` is the durable one. Tasks that stand after nothing always are.
 */
export const isFounded = (state: WorkloadState, held: { ordinal: number; node: number; generation: number }): boolean =>
  state.graph.nodes[held.node]?.after.length === 0 ||
  (!has(state.blocked, held.ordinal) && generationOf(state, held.ordinal) === held.generation);

/** The counts of each node, by its place in the graph. */
export const nodeCountsOf = ({
  graph,
  done,
  givenUp,
}: Pick<WorkloadState, 'done' | 'givenUp' | 'graph'>): {
  total: number;
  completed: number;
  failed: number;
  remaining: number;
}[] =>
  graph.nodes.map(({ offset, indices: { count: total } }) => {
    const range = { first: offset, last: offset + total - 1 };
    const completed = countWithin(done, range);
    const failed = countWithin(givenUp, range);
    return { total, completed, failed, remaining: total - completed - failed };
  });

/** The counts that people see; completed + failed + remaining = total. */
export const countsOf = (
  state: Pick<WorkloadState, 'done' | 'givenUp' | 'graph'>,
): { total: number; completed: number; failed: number; remaining: number } => {
  const total = state.graph.count;
  const completed = state.done.count;
  const failed = state.givenUp.count;
  return { total, completed, failed, remaining: total - completed - failed };
};
