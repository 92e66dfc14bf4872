import { indicesBetween } from '#libs/indices/index.ts';
import { hash } from 'node:crypto';
import {
  createGraph,
  singleNode,
  type Gate,
  type TaskEdge,
} from '../../domain/graph/task-graph.ts';
import { faultOf } from '../faults.ts';
import type { Budgets, Kind } from '../kind.ts';

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

export interface NoopNode {
  id: string;
  /** Their indices are 0 … tasks - 1. */
  tasks: number;
  durationMs: number;
  after: readonly TaskEdge[];
  /** Unset where nothing waits for approval. */
  gate?: Gate;
  /** Its tasks make a checkpoint after each so many milliseconds of work; unset: none. */
  checkpointMs?: number;
  /** Its results say that their own check failed. */
  isFlawed?: true;
}

/** Work that computes nothing, for tests and benchmarks. */
export const noop: Kind<NoopSpec> = {
  graphOf: ({ tasks, nodes }) =>
    nodes === undefined
      ? singleNode('noop', indicesBetween(0, tasks - 1))
      : createGraph(
          nodes.map(({ id, tasks: own, after, gate }) => ({
            id,
            indices: indicesBetween(0, own - 1),
            after,
            ...(gate && { gate }),
          })),
        ),
  orderOf: () => 'sequential',
  makesCheckpoints: ({ nodes = [] }, node) =>
    nodes.some(({ id, checkpointMs }) => id === node && checkpointMs !== undefined),
  hasGates: ({ nodes = [] }) => nodes.some(({ gate }) => gate !== undefined),
  chosenEngine: () => '',
  engineNeeds: () => ({
    family: 'noop',
    engine: '',
    minVersion: '',
    exactVersion: '',
    device: false,
    deviceMemoryBytes: 0,
  }),
  keepsOneVersion: false,
  faultOf,
  engineLearnt: () => '',
  // What can be resumed is long, and a copy would begin anew.
  mayCopy: (spec, node) => !noop.makesCheckpoints(spec, node),
  resultExtensions: () => ['bin'],
  checkOf: () => ({ kind: 'none' }),
  knownDigest: ({ resultBytes }, workload, task) =>
    resultBytes === 0 ? hash('sha256', `${workload}/${task}`) : undefined,
  tasksFailed: 'FRAMES_FAILED',
  rejected: 'RESULT_REJECTED',
  machineWords: () => 'the engine noop',
};
