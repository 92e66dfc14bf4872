import { has } from '../sets/bitmap.ts';
import type { Refusal } from './decision.ts';
import type { Entry, RequestMark } from '../state/entries.ts';
import type { Command, Damaged } from './inputs.ts';
import { taskOrdinal } from '../graph/task-graph.ts';
import { tasksToText } from '../graph/task-text.ts';
import { generationOf, type WorkloadState } from '../state/workload.ts';

/** Generations are kept in 16 bits. */
export const MAX_GENERATION = 65_535;

/** A command that a closed workload can be opened again for. */
export type Reopening = Extract<Command, { kind: 'retry' | 'repair' }>;

/** Why an ended workload cannot be opened again; undefined where it can. */
export const refusalOfReopening = (state: WorkloadState): Refusal | undefined => {
  if (state.deleteResults) return { reason: 'RESULTS_DELETED' };
  if (state.generation >= MAX_GENERATION) return { reason: 'TOO_MANY_RETRIES' };
  return undefined;
};

/** Those of the results found damaged that are still the accepted ones, ascending. */
export const damagedOrdinals = (state: WorkloadState, damaged: readonly Damaged[]): number[] =>
  damaged
    .flatMap(({ task, generation }) => {
      const ordinal = taskOrdinal(state.graph, task);
      const isAccepted = ordinal !== undefined && has(state.done, ordinal);
      return isAccepted && generationOf(state, ordinal) === generation ? [ordinal] : [];
    })
    .sort((a, b) => a - b);

/** The entry that has these tasks made again. */
export const repairEntry = ({ graph }: WorkloadState, ordinals: readonly number[], reason: string): Entry => {
  const ranges = ordinals.map((ordinal) => ({ first: ordinal, last: ordinal }));
  return { kind: 'repair-wanted', tasks: tasksToText(graph, ranges), reason };
};

/**
 * What opens a closed workload again: the new owner's reign and the command in one document, so that there is no moment
 * between them. Undefined where a repair finds nothing to do.
 */
export const reopeningEntries = (
  state: WorkloadState,
  command: Reopening,
  request: RequestMark | undefined,
  owner: string,
): Entry[] | undefined => {
  const mark = request === undefined ? {} : { request };
  if (command.kind === 'retry') {
    return [
      { kind: 'taken-over', owner },
      { kind: 'retried', tasks: command.tasks, ...mark },
    ];
  }
  const ordinals = damagedOrdinals(state, command.damaged);
  if (ordinals.length === 0) return undefined;
  return [{ kind: 'taken-over', owner }, repairEntry(state, ordinals, command.reason)];
};
