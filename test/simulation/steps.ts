import { indicesOf, parseIndices } from '#libs/indices/index.ts';
import type { WorkloadHeader } from '../../services/session-supervisor/src/domain/state/workload.ts';

/** A node of a workload's graph, as its header has it. */
export interface Step {
  id: string;
  after: readonly { node: string; on: 'success' | 'end' }[];
  /** Which of its results want approval. */
  gate?: 'ask' | 'if-failed';
  /** Its tasks make checkpoints. */
  checkpointMs?: number;
}

/** A workload of noop tasks that stand after nothing. */
export const oneStep: readonly Step[] = [{ id: 'noop', after: [] }];

/** The graph of a simulated workload. */
export const stepsOf = ({ spec }: Pick<WorkloadHeader, 'spec'>): readonly Step[] =>
  (spec.kind === 'noop' ? spec.nodes : undefined) ?? oneStep;

/** The keys of the tasks that a text names: `1-3` of the one node, or `mesh/0-2,5,solve/1`. */
export const named = (steps: readonly Step[], text: string): string[] => {
  let node = steps[0]?.id ?? '';
  return text.split(',').flatMap((part) => {
    const slash = part.indexOf('/');
    if (slash >= 0) {
      node = part.slice(0, slash);
    }
    return [...indicesOf(parseIndices(part.slice(slash + 1)))].map((index) => `${node}/${index}`);
  });
};

const split = (task: string): [node: string, index: string] => {
  const slash = task.indexOf('/');
  return [task.slice(0, slash), task.slice(slash + 1)];
};

/** What a task stands directly after. */
export const before = (
  steps: readonly Step[],
  task: string,
): { task: string; on: 'success' | 'end' }[] => {
  const [node, index] = split(task);
  const { after = [] } = steps.find(({ id }) => id === node) ?? {};
  return after.map((edge) => ({ task: `${edge.node}/${index}`, on: edge.on }));
};

/** All that stands after a task, directly or not. */
export const behind = (steps: readonly Step[], task: string): string[] => {
  const [node, index] = split(task);
  return steps
    .filter(({ after }) => after.some((edge) => edge.node === node))
    .flatMap(({ id }) => [`${id}/${index}`, ...behind(steps, `${id}/${index}`)]);
};

/**
 * So many tasks in one to four nodes, each of which stands after some of those before it. Undefined: all in one node.
 *
 * @param below a random whole number below its argument
 */
export const randomSteps = (
  below: (n: number) => number,
  tasks: number,
): (Step & { tasks: number })[] | undefined => {
  const count = 1 + below(4);
  if (count === 1) {
    return undefined;
  }
  const steps: (Step & { tasks: number })[] = [];
  for (let i = 0; i < count; i += 1) {
    const after = steps.flatMap(({ id }) =>
      below(2) === 0
        ? []
        : [{ node: id, on: below(3) === 0 ? ('end' as const) : ('success' as const) }],
    );
    const sizes = steps.flatMap(({ id, tasks: size }) =>
      after.some(({ node }) => node === id) ? [size] : [],
    );
    const most = Math.min(Math.ceil(tasks / count), ...sizes);
    const isAsked = below(4) === 0;
    steps.push({
      id: `step-${i}`,
      tasks: most - below(Math.ceil(most / 3)),
      after,
      ...(isAsked && { gate: 'ask' as const }),
      ...(below(3) === 0 && { checkpointMs: 1 }),
    });
  }
  return steps;
};
