import { createHash } from 'node:crypto';
import { indicesBetween } from '../../domain/graph/index-set.ts';
import { createGraph, singleNode } from '../../domain/graph/task-graph.ts';
import type { Kind } from '../kind.ts';
import type { NoopSpec } from './spec.ts';

/** Work that computes nothing, for tests and benchmarks. */
export const noop: Kind<NoopSpec> = {
  graphOf: ({ tasks, nodes }) =>
    nodes === undefined
      ? singleNode('noop', indicesBetween(0, tasks - 1))
      : createGraph(
          nodes.map(({ id, tasks: own, after }) => ({
            id,
            indices: indicesBetween(0, own - 1),
            after,
          })),
        ),
  orderOf: () => 'sequential',
  chosenEngine: () => '',
  engineNeeds: () => ({ family: 'noop', engine: '', minVersion: '', exactVersion: '' }),
  keepsOneVersion: false,
  engineLearnt: () => '',
  resultExtension: () => 'bin',
  knownDigest: ({ resultBytes }, workload, task) =>
    resultBytes === 0
      ? createHash('sha256').update(`${workload}/${task}`).digest('hex')
      : undefined,
  machineWords: () => 'the engine noop',
};
