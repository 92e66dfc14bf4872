import {
  EdgeCondition,
  type NoopSpec as ProtoNoopSpec,
  type TaskEdge as ProtoEdge,
} from '#libs/contracts/common.ts';
import { nodeAt, nodeOf, taskIndex, type TaskEdge } from '../../domain/graph/task-graph.ts';
import { selectTasks, tasksToText } from '../../domain/graph/task-text.ts';
import type { KindWire } from '../kind-wire.ts';
import { clipped } from '../spec-fields.ts';
import { parseNoop } from './parse.ts';
import type { NoopSpec } from './spec.ts';

const toProto = ({ nodes = [], ...spec }: NoopSpec): ProtoNoopSpec => ({
  tasks: spec.tasks,
  durationMs: spec.durationMs,
  resultBytes: spec.resultBytes,
  failingTasks: spec.failingTasks,
  maxFailures: spec.maxFailures,
  maxLosses: spec.maxLosses,
  nodes: nodes.map(({ id, tasks, durationMs, after }) => ({
    id,
    tasks,
    durationMs,
    after: after.map(edgeToProto),
  })),
});

const edgeToProto = ({ node, on }: TaskEdge): ProtoEdge => ({
  node,
  on: on === 'end' ? EdgeCondition.END : EdgeCondition.SUCCESS,
});

export const noopWire: KindWire<ProtoNoopSpec, NoopSpec> = {
  hasInput: false,
  parse: parseNoop,
  prepare: async (_deps, spec) => ({ spec }),
  toProto: (spec) => ({ $case: 'noop', value: toProto(spec) }),
  toShortProto: (spec) => ({
    $case: 'noop',
    value: { ...toProto(spec), failingTasks: clipped(spec.failingTasks) },
  }),
  workOf: ({ spec, graph }) => {
    const isFailing = selectTasks(graph, spec.failingTasks);
    // An agent needs to know how long its tasks take, not what they depend on.
    const nodes = (spec.nodes ?? []).map((node) => ({ ...node, after: [] }));
    const value = toProto({ ...spec, nodes });
    const fails = (ordinal: number): boolean =>
      isFailing(nodeAt(graph, nodeOf(graph, ordinal)).id, taskIndex(graph, ordinal));
    return ({ ordinals }) => {
      // The agent gets only its own tasks, because the text of all tasks may be long.
      const failing = spec.failingTasks === '' ? [] : ordinals.filter(fails);
      const runs = failing
        .sort((a, b) => a - b)
        .map((ordinal) => ({ first: ordinal, last: ordinal }));
      return {
        kind: { $case: 'noop', value: { ...value, failingTasks: tasksToText(graph, runs) } },
      };
    };
  },
};
