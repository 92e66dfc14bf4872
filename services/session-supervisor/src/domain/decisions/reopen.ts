import { has } from '../sets/bitmap.ts';
import type { Refusal } from './decision.ts';
import type { Entry, RequestMark } from '../state/entries.ts';
import type { Command, Damaged } from './inputs.ts';
import { fold, retryOf } from '../state/fold.ts';
import { hopelessAfter, isHopeless, successorsOf } from '../graph/readiness.ts';
import { taskKey, taskOrdinal } from '../graph/task-graph.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { generationOf, hasEnded, isOpen, type WorkloadState } from '../state/workload.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { refusalOfRuling, rejectionWords, rulingEntry } from './rulings.ts';

/** Generations are kept in 16 bits. */
export const MAX_GENERATION = 65_535;

/** The reason of a task that is given up before anybody began it. */
export const hopelessReason = (state: WorkloadState, ordinal: number): string => {
  const before = hopelessAfter(state, ordinal);
  return before !== undefined && has(state.rejected, before)
    ? `${kindOf(state.header.spec).rejected}: ${rejectionWords(state, before)}`
    : 'what it stands after was given up';
};

/** A command that can open a closed workload: any of these if it waits for rulings, a retry or a repair if it has ended. */
export type Reopening = Extract<Command, { kind: 'retry' | 'repair' | 'rule' | 'stop' }>;

/** Whether a command can open a workload that waits for rulings. */
export const isOpening = (command: Command): command is Reopening =>
  ['retry', 'repair', 'rule', 'stop'].includes(command.kind);

/** Why a closed workload cannot be opened; undefined if it can. */
export const refusalOfReopening = (
  state: WorkloadState,
  command: Reopening,
): Refusal | undefined => {
  if (hasEnded(state) && (command.kind === 'rule' || command.kind === 'stop')) {
    return { reason: 'WORKLOAD_ENDED', state: state.phase };
  }
  if (command.kind === 'rule') {
    return refusalOfRuling(state, command);
  }
  if (command.kind === 'stop') {
    return undefined;
  }
  if (state.deleteResults) {
    return { reason: 'RESULTS_DELETED' };
  }
  if (state.generation >= MAX_GENERATION) {
    return { reason: 'TOO_MANY_RETRIES' };
  }
  if (command.kind === 'retry') {
    const { fallout } = retryOf(state, command.tasks);
    return isTooWide(state, command.tasks, fallout) ? { reason: 'RETRY_TOO_WIDE' } : undefined;
  }
  return undefined;
};

/** Tasks that a retry may leave without hope. Each is an entry of its document, with at most one of each further node. */
const MAX_HOPELESS = 2_000;

/** Whether a retry takes back so much that needs what stays given up that one document cannot say it. */
export const isTooWide = (
  state: WorkloadState,
  tasks: string,
  fallout: ReadonlySet<number>,
): boolean => {
  if (fallout.size <= MAX_HOPELESS) {
    return false;
  }
  const after = fold(state, { kind: 'retried', tasks }, { n: state.position + 1, at: 0 });
  return [...fallout].filter((ordinal) => isHopeless(after, ordinal)).length > MAX_HOPELESS;
};

/** The entry that gives a task up. */
export const givenUpEntry = (state: WorkloadState, ordinal: number, reason: string): Entry => {
  const task = taskKey(state.graph, ordinal);
  return { kind: 'task-failed', task, generation: generationOf(state, ordinal), reason };
};

/** The ordinals of those results that are still the accepted ones, ascending. */
export const currentOrdinals = (state: WorkloadState, damaged: readonly Damaged[]): number[] =>
  damaged
    .flatMap(({ task, generation }) => {
      const ordinal = taskOrdinal(state.graph, task);
      const isAccepted = ordinal !== undefined && has(state.done, ordinal);
      return isAccepted && generationOf(state, ordinal) === generation ? [ordinal] : [];
    })
    .sort((a, b) => a - b);

/** The entry that asks for new results of these tasks. */
export const repairEntry = (
  { graph }: WorkloadState,
  ordinals: readonly number[],
  reason: string,
): Entry => ({ kind: 'repair-wanted', tasks: ordinalsToText(graph, ordinals), reason });

/**
 * The entries that reopen a closed workload, in one document, because a crash must not come between epoch and command.
 * Undefined if a repair or a ruling finds nothing to do.
 */
export const reopeningEntries = (
  state: WorkloadState,
  command: Reopening,
  request: RequestMark | undefined,
  owner: string,
): Entry[] | undefined => {
  const entries = (entry: Entry, again: readonly number[]): Entry[] =>
    withHopeless(state, [{ kind: 'taken-over', owner }, entry], again);
  if (command.kind === 'retry') {
    const { fallout } = retryOf(state, command.tasks);
    const retried = { kind: 'retried', tasks: command.tasks, ...(request && { request }) } as const;
    return entries(retried, [...fallout]);
  }
  if (command.kind === 'stop') {
    const { deleteResults } = command;
    return entries({ kind: 'stopped', deleteResults, ...(request && { request }) }, []);
  }
  if (command.kind === 'rule') {
    const ruling = rulingEntry(state, command, request);
    const ordinal = taskOrdinal(state.graph, command.task);
    return ruling === undefined || ordinal === undefined
      ? undefined
      : entries(ruling, successorsOf(state.graph, ordinal));
  }
  const ordinals = currentOrdinals(state, command.damaged);
  return ordinals.length === 0
    ? undefined
    : entries(repairEntry(state, ordinals, command.reason), ordinals);
};

/** Adds a `task-failed` for each of the tasks that can never begin after these entries, and for each of their successors. */
const withHopeless = (
  state: WorkloadState,
  entries: Entry[],
  ordinals: readonly number[],
): Entry[] => {
  const at = { n: state.position + 1, at: 0 };
  let after = entries.reduce((before, entry) => fold(before, entry, at), state);
  const waiting = [...ordinals];
  for (const ordinal of waiting) {
    if (!isOpen(after, ordinal) || !isHopeless(after, ordinal)) {
      continue;
    }
    const entry = givenUpEntry(after, ordinal, hopelessReason(after, ordinal));
    entries.push(entry);
    after = fold(after, entry, at);
    waiting.push(...successorsOf(after.graph, ordinal));
  }
  return entries;
};
