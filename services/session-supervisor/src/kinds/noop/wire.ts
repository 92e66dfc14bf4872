import { parseTasks } from '#libs/indices/index.ts';
import {
  Approval,
  EdgeCondition,
  type NoopSpec as ProtoNoopSpec,
  type TaskEdge as ProtoEdge,
  type NoopNode as ProtoNode,
} from '#libs/contracts/common.ts';
import {
  nodeAt,
  nodeOf,
  taskIndex,
  type Gate,
  type TaskEdge,
} from '../../domain/graph/task-graph.ts';
import { selectTasks, ordinalsToText, taskSetToText } from '../../domain/graph/task-text.ts';
import type { KindWire } from '../kind-wire.ts';
import { clipped, specFields } from '../spec-fields.ts';
import { isNode, MAX_INDICES, MAX_NODES, type Violations } from '#libs/mesh/index.ts';
import type { NoopNode, NoopSpec } from './noop.ts';

type Check = Violations['require'];

const GATES: Partial<Record<Approval, Gate>> = {
  [Approval.ASK]: 'ask',
  [Approval.IF_FAILED]: 'if-failed',
};
const APPROVALS: Readonly<Record<Gate, Approval>> = {
  ask: Approval.ASK,
  'if-failed': Approval.IF_FAILED,
};

const MAX_DURATION_MS = 3_600_000;

const parseNoop = (spec: ProtoNoopSpec, wrong: Violations): NoopSpec => {
  const { check, text, budgets } = specFields('noop', wrong);
  const { tasks, durationMs, resultBytes } = spec;
  const nodes = spec.nodes.length === 0 ? undefined : parseNodes(check, spec);
  if (nodes === undefined) {
    check(tasks >= 1 && tasks <= MAX_INDICES, 'tasks', 'must be 1 to 1,000,000');
  } else {
    check(tasks === 0, 'tasks', 'must be 0 if there are nodes');
  }
  check(durationMs <= MAX_DURATION_MS, 'duration_ms', 'must be at most 3,600,000');
  check(resultBytes <= 16_777_216, 'result_bytes', 'must be at most 16,777,216');
  const named = { nodes: nodes ?? [{ id: 'noop' }] };
  const read = (failing: string): string => taskSetToText(named, parseTasks(named, failing));
  return {
    kind: 'noop',
    tasks,
    durationMs,
    resultBytes,
    failingTasks: text('failing_tasks', spec.failingTasks, read),
    ...(nodes === undefined ? {} : { nodes }),
    ...budgets(spec),
  };
};

const parseNodes = (check: Check, { nodes, durationMs }: ProtoNoopSpec): NoopNode[] => {
  check(nodes.length <= MAX_NODES, 'nodes', `must be at most ${MAX_NODES}`);
  const total = nodes.reduce((sum, { tasks }) => sum + tasks, 0);
  check(total <= MAX_INDICES, 'nodes', 'must have at most 1,000,000 tasks together');
  const sizes = new Map<string, number>();
  return nodes.slice(0, MAX_NODES).map((node, i) => {
    const at = `nodes[${i}]`;
    check(
      isNode(node.id),
      `${at}.id`,
      'must be a letter, then letters, digits and -, at most 32, in lower case',
    );
    check(!sizes.has(node.id), `${at}.id`, 'is the name of an earlier node');
    check(node.tasks >= 1, `${at}.tasks`, 'must be 1 to 1,000,000');
    check(
      (node.durationMs ?? 0) <= MAX_DURATION_MS,
      `${at}.duration_ms`,
      'must be at most 3,600,000',
    );
    const after = parseEdges(check, `${at}.after`, node, sizes);
    sizes.set(node.id, node.tasks);
    const isApproval = node.approval !== Approval.UNRECOGNIZED;
    check(isApproval, `${at}.approval`, 'must be one of Approval');
    const isSpan =
      node.checkpointMs === undefined ||
      (node.checkpointMs >= 1 && node.checkpointMs <= MAX_DURATION_MS);
    check(isSpan, `${at}.checkpoint_ms`, 'must be 1 to 3,600,000');
    const gate = node.approval && GATES[node.approval];
    return {
      id: node.id,
      tasks: node.tasks,
      durationMs: node.durationMs ?? durationMs,
      after,
      ...(gate && { gate }),
      ...(node.checkpointMs !== undefined && { checkpointMs: node.checkpointMs }),
      ...(node.flawed === true && { isFlawed: true as const }),
    };
  });
};

const parseEdges = (
  check: Check,
  at: string,
  { after, tasks }: ProtoNode,
  earlier: ReadonlyMap<string, number>,
): NoopNode['after'] => {
  check(after.length <= MAX_NODES, at, `must be at most ${MAX_NODES}`);
  return after.slice(0, MAX_NODES).map(({ node, on }, i) => {
    const size = earlier.get(node);
    check(size !== undefined, `${at}[${i}].node`, 'must be the id of an earlier node');
    check(
      size === undefined || tasks <= size,
      `${at}[${i}].node`,
      'has fewer tasks than the node that depends on it',
    );
    check(on !== EdgeCondition.UNRECOGNIZED, `${at}[${i}].on`, 'is unknown');
    check(
      after.findIndex((edge) => edge.node === node) === i,
      `${at}[${i}].node`,
      'is named twice',
    );
    return { node, on: on === EdgeCondition.END ? 'end' : 'success' };
  });
};

const toProto = (spec: NoopSpec): ProtoNoopSpec => {
  const { kind: _, nodes = [], ...same } = spec;
  const told = nodes.map(({ after, gate, isFlawed, ...node }) => ({
    ...node,
    after: after.map(edgeToProto),
    approval: gate && APPROVALS[gate],
    flawed: isFlawed,
  }));
  return { ...same, nodes: told };
};

const edgeToProto = ({ node, on }: TaskEdge): ProtoEdge => ({
  node,
  on: on === 'end' ? EdgeCondition.END : EdgeCondition.SUCCESS,
});

export const noopWire: KindWire<ProtoNoopSpec, NoopSpec> = {
  hasInput: false,
  parse: parseNoop,
  prepare: async (_deps, spec) => ({ spec }),
  toProto: (spec) => ({ $case: 'noop', value: toProto(spec) }),
  shortened: (spec) => ({ ...spec, failingTasks: clipped(spec.failingTasks) }),
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
      const failingTasks = ordinalsToText(graph, failing);
      return { kind: { $case: 'noop', value: { ...value, failingTasks } } };
    };
  },
};
