import { emptyBitmap, type Bitmap } from './bitmap.ts';
import type { FailureClass } from './entries.ts';
import type { WorkloadHeader } from './header.ts';
import { emptySmallIntMap, type SmallIntMap } from './small-int-map.ts';
import { emptySparseMap, sparseGet, type SparseMap } from './sparse-map.ts';
import { tasksOf, type TaskSet } from './tasks.ts';

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

/** What went wrong with a task so far. */
export interface Trouble {
  /** Its failures, oldest first. `isTaskFault` ones count against the budget. */
  failures: readonly { attempt: string; user: string; isTaskFault: boolean }[];
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
  /** How it stood before. */
  from: Phase;
  /** `FRAMES_FAILED`, `MISSING_ASSETS`, …; empty for completed ones. */
  reason: string;
  message: string;
}

/** The state of a workload: the fold of its journal. Immutable. */
export interface WorkloadState {
  readonly header: WorkloadHeader;
  readonly tasks: TaskSet;
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
  /** For each done task the index into `shares`, plus 1. */
  readonly doneBy: SmallIntMap;
  readonly shares: readonly UserShare[];
  /** What went wrong, by ordinal; see `troubleOf`. */
  readonly troubles: SparseMap<Trouble>;
  readonly wanted: number;
  /** The engine that the scene turned out to want; empty until an agent said so. */
  readonly engine: string;
  /** The version of Blender that all of its frames are rendered with; empty before the first is handed out. */
  readonly version: string;
  readonly ending?: Ending;
  readonly deleteResults: boolean;
  readonly closed: boolean;
  /** The last 1,000 commands, oldest first: request id → hash of the request. */
  readonly requests: ReadonlyMap<string, string>;
}

/** `fold(header, [])`: what a workload is before anything happened. */
export const begin = (header: WorkloadHeader): WorkloadState => {
  const tasks = tasksOf(header.spec);
  const size = tasks.indices.count;
  return {
    header,
    tasks,
    position: 0,
    reign: 0,
    owner: '',
    phase: 'pending',
    done: emptyBitmap(size),
    givenUp: emptyBitmap(size),
    doneBy: emptySmallIntMap(size),
    shares: [],
    troubles: emptySparseMap(size),
    wanted: header.wanted,
    engine: header.spec.kind === 'render' ? header.spec.engine : '',
    version: '',
    deleteResults: false,
    closed: false,
    requests: new Map(),
  };
};

/** What went wrong with a task so far; undefined if nothing did. */
export const troubleOf = ({ troubles }: Pick<WorkloadState, 'troubles'>, ordinal: number): Trouble | undefined =>
  sparseGet(troubles, ordinal);

/** Whether nothing more can be accepted. */
export const hasEnded = ({ phase }: Pick<WorkloadState, 'phase'>): boolean =>
  phase === 'stopped' || phase === 'completed' || phase === 'failed';

/** The counts that people see; completed + failed + remaining = total. */
export const countsOf = (
  state: Pick<WorkloadState, 'done' | 'givenUp' | 'tasks'>,
): { total: number; completed: number; failed: number; remaining: number } => {
  const total = state.tasks.indices.count;
  const completed = state.done.count;
  const failed = state.givenUp.count;
  return { total, completed, failed, remaining: total - completed - failed };
};
