import {
  hasChecks,
  outerCountsOf,
  hasEnded,
  type WorkloadHeader,
  type Phase,
  type WorkloadState,
} from '../domain/state/workload.ts';
import type { InputFile } from '../kinds/kind.ts';
import { kindOf, type WorkloadSpec } from '../kinds/kinds.ts';

/** The document of a workload: its header, and fields that can be derived again at any time. */
export interface WorkloadDocument {
  _id: string;
  customer: string;
  spec: WorkloadSpec;
  file?: InputFile;
  wanted: number;
  createdAt: Date;
  requestId?: string;
  /** SHA-256 of the request. It distinguishes a repetition from another request with the same id. */
  requestHash?: string;
  /**
   * Held until the workload has ended. It is unique with `customer`, which bounds running workloads by the slots of the
   * plan.
   */
  slot?: number;
  /**
   * Its place in the customer's queue, while the workload waits for a slot. Unique with `customer`. Once it is removed, the
   * workload never waits again.
   */
  ticket?: number;
  /** The replica that should write the journal; null once the workload is closed. */
  owner: string | null;
  /** The owner from position 0 on. */
  firstOwner: string;
  /** The least FOLD_VERSION that understands the workload; unset if all do. A replica of an earlier build must not own it. */
  understoodFrom?: number;
  /** All facts up to this position are in the stream. */
  published: number;
  projection: Projection;
  /** When the sweeper looks at it next. Set only in closed workloads. */
  sweepAt?: Date;
  /** When its results were last compared with their blobs. */
  scrubbedAt?: Date;
}

/** Builds before this FOLD_VERSION do not understand workloads of several nodes. */
const GRAPH_FOLD_VERSION = 4;
/** Builds before this one would end workloads whose results nobody has looked at, or not twice. */
const CHECK_FOLD_VERSION = 10;

/** Builds before this one would go on past what a person must approve. */
const GATE_FOLD_VERSION = 12;

/** Builds before this FOLD_VERSION would begin a workload that waits for a slot. */
export const QUEUE_FOLD_VERSION = 6;

/** The field that says which builds may own a workload. */
export const understoodFrom = ({
  spec,
}: Pick<WorkloadHeader, 'spec'>): Pick<WorkloadDocument, 'understoodFrom'> => {
  const graph = kindOf(spec).graphOf(spec);
  if (kindOf(spec).hasGates(spec)) {
    return { understoodFrom: GATE_FOLD_VERSION };
  }
  if (hasChecks({ spec }, graph)) {
    return { understoodFrom: CHECK_FOLD_VERSION };
  }
  return graph.nodes.length > 1 ? { understoodFrom: GRAPH_FOLD_VERSION } : {};
};

/** A workload's state for lists, written at most once a second. It may be behind the journal, but is never ahead of it. */
export interface Projection {
  position: number;
  phase: Phase;
  total: number;
  completed: number;
  failed: number;
  wanted: number;
  startedAt?: Date;
  endedAt?: Date;
  reason: string;
  message: string;
  /** The tasks that users held at the last write, as a text. It is a hint for the next owner. */
  held: string;
}

/** The projection of a state. */
export const projectionOf = (state: WorkloadState, held: string): Projection => {
  const { total, completed, failed } = outerCountsOf(state);
  return {
    position: state.position,
    phase: state.phase,
    total,
    completed,
    failed,
    wanted: state.wanted,
    ...(state.startedAt === undefined ? {} : { startedAt: new Date(state.startedAt) }),
    ...(state.ending === undefined ? {} : { endedAt: new Date(state.ending.at) }),
    reason: state.ending?.reason ?? '',
    message: state.ending?.message ?? '',
    held: hasEnded(state) ? '' : held,
  };
};

/** The header in a document. */
export const headerOf = ({
  _id,
  customer,
  spec,
  file,
  wanted,
  createdAt,
}: WorkloadDocument): WorkloadHeader => ({
  id: _id,
  customer,
  spec,
  ...(file === undefined ? {} : { file }),
  wanted,
  createdAt: createdAt.getTime(),
});
