import { heldRanges, type Workers } from '../../domain/scheduling/workers.ts';
import type { TaskGraph } from '../../domain/graph/task-graph.ts';
import { ordinalsFromText, tasksToText } from '../../domain/graph/task-text.ts';

/** Longer hints are not kept: hints save work, they are not needed. */
const MAX_CHARS = 32 * 1_024;

/** The tasks that users hold, or that a former owner's users may still hold, for whoever takes over. */
export const heldHint = (graph: TaskGraph, { byId, reserved }: Pick<Workers, 'byId' | 'reserved'>): string => {
  const ordinals = new Set(reserved);
  for (const { first } of heldRanges(byId.values())) ordinals.add(first);
  const ascending = [...ordinals].sort((a, b) => a - b).map((ordinal) => ({ first: ordinal, last: ordinal }));
  const text = tasksToText(graph, ascending);
  return text.length > MAX_CHARS ? '' : text;
};

/** The tasks in a hint; none where it says nothing. */
export const readHeldHint = (graph: TaskGraph, hint: string): Set<number> | undefined =>
  hint === '' ? undefined : ordinalsFromText(graph, hint);
