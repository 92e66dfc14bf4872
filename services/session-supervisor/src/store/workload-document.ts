import type { WorkloadHeader } from '../domain/state/header.ts';
import type { InputFile, WorkloadSpec } from '../kinds/kind.ts';
import { kindOf } from '../kinds/kinds.ts';
import type { Phase, WorkloadState } from '../domain/state/workload.ts';
import { countsOf, hasEnded } from '../domain/state/workload.ts';

/** A workload outside its journal: the header that Start wrote, and what may be derived again at any time. */
export interface WorkloadDocument {
  _id: string;
  customer: string;
  spec: WorkloadSpec;
  file?: InputFile;
  wanted: number;
  createdAt: Date;
  requestId?: string;
  /** SHA-256 of the request, to tell a repetition from another request under the same id. */
  requestHash?: string;
  /** Held until the workload has ended; unique with `customer`, so that no more run than the plan has slots. */
  slot?: number;
  /** The replica that should write the journal; null once the workload is closed. */
  owner: string | null;
  /** The replica that reigns at position 0. */
  firstOwner: string;
  /** The least FOLD_VERSION of a build that understands it. Unset: any. A replica of an earlier build must not own it. */
  understoodFrom?: number;
  /** All facts up to this position are in the stream. */
  published: number;
  projection: Projection;
  /** When the sweeper looks at it next; only of closed ones. */
  sweepAt?: Date;
  /** When its results were last compared with their blobs. */
  scrubbedAt?: Date;
}

/** Workloads of several nodes are beyond builds before this FOLD_VERSION. */
const GRAPH_FOLD_VERSION = 4;

/** What a workload's document says of the builds that may own it. */
export const understoodFrom = ({ spec }: Pick<WorkloadHeader, 'spec'>): Pick<WorkloadDocument, 'understoodFrom'> =>
  kindOf(spec).graphOf(spec).nodes.length > 1 ? { understoodFrom: GRAPH_FOLD_VERSION } : {};

/** A workload's state for lists, written at most once a second: never ahead of the journal, perhaps behind it. */
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
  /** Tasks that users held a moment ago, as a text: a hint for whoever takes over. */
  held: string;
}

/** What lists show of a state. */
export const projectionOf = (state: WorkloadState, held: string): Projection => {
  const { total, completed, failed } = countsOf(state);
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
export const headerOf = ({ _id, customer, spec, file, wanted, createdAt }: WorkloadDocument): WorkloadHeader => ({
  id: _id,
  customer,
  spec,
  ...(file === undefined ? {} : { file }),
  wanted,
  createdAt: createdAt.getTime(),
});
