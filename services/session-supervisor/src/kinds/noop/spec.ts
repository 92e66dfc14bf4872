import type { TaskEdge } from '../../domain/graph/task-graph.ts';
import type { Budgets } from '../kind.ts';

/** The specification of noop work; see muster.common.v1.NoopSpec. */
export interface NoopSpec extends Budgets {
  kind: 'noop';
  /** The number of tasks of the single node; 0 if `nodes` is set. */
  tasks: number;
  durationMs: number;
  resultBytes: number;
  /** Tasks in normal form, or empty. */
  failingTasks: string;
  /** If unset, there is one node `noop`. */
  nodes?: readonly NoopNode[];
}

/** One step of a noop workload. */
export interface NoopNode {
  id: string;
  /** Their indices are 0 … tasks - 1. */
  tasks: number;
  durationMs: number;
  after: readonly TaskEdge[];
}
