import type { NodeProgress } from '#libs/contracts/session.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';

/** Steps whose results only serve others: what they do, and what one task of them is called. */
const STEPS: Readonly<Record<string, { does: string; noun: string }>> = {
  bake: { does: 'baking the physics', noun: 'physics' },
};

/** What a step does, for people; its name if it makes results of its own. */
export const stepName = (node: string): string => STEPS[node]?.does ?? node;

/** What a task is called: `physics`, `frame 17`. */
export const taskName = (task: string, noun: string, index: number): string =>
  STEPS[parseTaskKey(task)?.node ?? '']?.noun ?? `${noun} ${index}`;

/** How far work is that others wait for: `baking the physics: 0 of 1`. Empty if there is none left. */
export const stepUnderWay = (nodes: readonly NodeProgress[]): string => {
  const under = nodes.filter(({ node, remaining }) => remaining > 0 && node in STEPS);
  return under
    .map(({ node, completed, total }) => `${stepName(node)}: ${completed} of ${total}`)
    .join(', ');
};
