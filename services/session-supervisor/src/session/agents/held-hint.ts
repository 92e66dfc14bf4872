import type { Workers } from '../../domain/scheduling/workers.ts';
import type { TaskGraph } from '../../domain/graph/task-graph.ts';
import { ordinalsFromText, ordinalsToText } from '../../domain/graph/task-text.ts';

/** Longest hint that is kept. Dropping a hint is harmless, because hints only save work. */
const MAX_CHARS = 32 * 1_024;

/** The tasks that users hold or that a former owner's users may still hold, as a hint for the next owner. */
export const heldHint = (
  graph: TaskGraph,
  { byId, reserved }: Pick<Workers, 'byId' | 'reserved'>,
): string => {
  const attempts = byId.values().flatMap((worker) => worker.attempts.values());
  const text = ordinalsToText(graph, [
    ...(reserved ?? []),
    ...attempts.map(({ ordinal }) => ordinal),
  ]);
  return text.length > MAX_CHARS ? '' : text;
};

/** The tasks in a hint; undefined if the hint is empty. */
export const readHeldHint = (graph: TaskGraph, hint: string): Set<number> | undefined =>
  hint === '' ? undefined : ordinalsFromText(graph, hint);
