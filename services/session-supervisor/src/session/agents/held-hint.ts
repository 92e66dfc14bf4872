import { heldRanges, type Workers } from '../../domain/scheduling/workers.ts';
import type { TaskGraph } from '../../domain/graph/task-graph.ts';
import { ordinalsFromText, tasksToText } from '../../domain/graph/task-text.ts';

/** Longest hint that is kept, in characters. Dropping a hint is harmless, because hints only save work. */
const MAX_CHARS = 32 * 1_024;

/** The tasks that users hold or that a former owner's users may still hold, as a hint for the next owner. */
export const heldHint = (
  graph: TaskGraph,
  { byId, reserved }: Pick<Workers, 'byId' | 'reserved'>,
): string => {
  const ordinals = new Set(reserved);
  for (const { first } of heldRanges(byId.values())) {
    ordinals.add(first);
  }
  const ascending = [...ordinals]
    .sort((a, b) => a - b)
    .map((ordinal) => ({ first: ordinal, last: ordinal }));
  const text = tasksToText(graph, ascending);
  return text.length > MAX_CHARS ? '' : text;
};

/** The tasks in a hint; undefined if the hint is empty. */
export const readHeldHint = (graph: TaskGraph, hint: string): Set<number> | undefined =>
  hint === '' ? undefined : ordinalsFromText(graph, hint);
