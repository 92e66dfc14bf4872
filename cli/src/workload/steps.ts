import type { NodeProgress } from '#libs/contracts/session.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';

/** Steps whose results only serve others: what they do, and what one task of them is called. */
const STEPS: Readonly<Record<string, { does: string; noun: string }>> = {
  bake: { does: 'baking the physics', noun: 'physics' },
  tile: { does: 'rendering strips', noun: 'strip' },
};

/** Steps of the same kind have numbers: `tile-3`. */
const stepOf = (node: string): { does: string; noun: string } | undefined =>
  STEPS[node.replace(/-\d+$/, '')];

/** What a step does, for people; its name if it makes results of its own. */
export const stepName = (node: string): string => stepOf(node)?.does ?? node;

/** What a task is called: `physics`, `strip 3 of frame 17`, `frame 17`. */
export const taskName = (task: string, noun: string, index: number): string => {
  const node = parseTaskKey(task)?.node ?? '';
  const number = /-(\d+)$/.exec(node)?.[1];
  const inner = stepOf(node)?.noun;
  if (inner === undefined) {
    return `${noun} ${index}`;
  }
  return number === undefined ? inner : `${inner} ${number} of ${noun} ${index}`;
};

/** The steps, those of the same kind as one. */
export const joinedSteps = (nodes: readonly NodeProgress[]): NodeProgress[] => {
  const joined = Map.groupBy(nodes, ({ node }) => stepName(node));
  return [...joined].map(([node, each]) =>
    each.reduce((sum, more) => ({
      node,
      total: sum.total + more.total,
      completed: sum.completed + more.completed,
      failed: sum.failed + more.failed,
      remaining: sum.remaining + more.remaining,
    })),
  );
};

/** How far work is that others wait for: `baking the physics: 0 of 1`. Empty if there is none left. */
export const stepUnderWay = (nodes: readonly NodeProgress[]): string =>
  joinedSteps(nodes.filter(({ node }) => stepOf(node) !== undefined))
    .filter(({ remaining }) => remaining > 0)
    .map(({ node, completed, total }) => `${stepName(node)}: ${completed} of ${total}`)
    .join(', ');
