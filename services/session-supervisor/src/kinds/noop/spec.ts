import type { TaskEdge } from '../../domain/graph/task-graph.ts';
import type { Budgets } from '../kind.ts';

/** Work without meaning, see muster.common.v1.NoopSpec. */
export interface NoopSpec extends Budgets {
  kind: 'noop';
  /** Of the one node; 0 where `nodes` says more. */
  tasks: number;
  durationMs: number;
  resultBytes: number;
  /** Tasks in normal form, or empty. */
  failingTasks: string;
  /** Unset: one node `noop`. */
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
