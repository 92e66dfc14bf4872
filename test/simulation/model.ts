import type { Entry } from '../../services/session-supervisor/src/domain/state/entries.ts';
import { parseIndices } from '../../services/session-supervisor/src/domain/graph/index-expression.ts';
import { indicesOf } from '../../services/session-supervisor/src/domain/graph/index-set.ts';

/** What a journal says, read as plainly as can be: sets of task numbers, no code of the product's fold. */
export interface Model {
  done: Set<number>;
  failed: Set<number>;
  /** No result may be accepted: it has ended, and nothing was retried or is repaired since. */
  isOver: boolean;
  /** How often it ended: a retry may have opened it since. */
  endings: number;
  repairs: Set<number>;
  /** `<task>/<generation>` of every accepted result. */
  accepted: Set<string>;
  phase: string;
  isClosed: boolean;
}

export const emptyModel = (): Model => ({
  done: new Set(),
  failed: new Set(),
  isOver: false,
  endings: 0,
  repairs: new Set(),
  accepted: new Set(),
  phase: 'pending',
  isClosed: false,
});

const numberOf = (task: string): number => Number(task.slice(task.indexOf('/') + 1));

const named = (tasks: string): number[] => [...indicesOf(parseIndices(tasks))];

/** Takes one more entry in. Answers what it must not have been, or undefined. */
export const take = (model: Model, entry: Entry): string | undefined => {
  switch (entry.kind) {
    case 'accepted': {
      const task = numberOf(entry.task);
      const key = `${entry.task}/${entry.generation}`;
      if (model.isOver && !model.repairs.has(task)) return `I6: ${key} accepted after the end`;
      if (model.accepted.has(key)) return `I1: ${key} accepted twice`;
      if (model.done.has(task) || model.failed.has(task)) return `I1: ${key} accepted although it was decided`;
      model.accepted.add(key);
      model.done.add(task);
      model.repairs.delete(task);
      return undefined;
    }
    case 'task-failed':
      if (model.done.has(numberOf(entry.task))) return `I1: ${entry.task} given up although it was done`;
      model.failed.add(numberOf(entry.task));
      model.repairs.delete(numberOf(entry.task));
      return undefined;
    case 'retried':
      for (const task of entry.tasks === '' ? [...model.failed] : named(entry.tasks)) {
        model.done.delete(task);
        model.failed.delete(task);
      }
      // What somebody paused stays so.
      if (model.isOver || model.phase === 'paused-itself') model.phase = 'running';
      model.isOver = false;
      model.isClosed = false;
      return undefined;
    case 'repair-wanted':
      for (const task of named(entry.tasks)) {
        if (model.done.delete(task)) model.repairs.add(task);
      }
      model.isClosed = false;
      return undefined;
    case 'completed':
    case 'failed':
    case 'stopped':
      if (model.isOver && entry.kind !== 'failed') return `${entry.kind} after the end`;
      model.isOver = true;
      model.endings += 1;
      model.repairs.clear();
      model.phase = entry.kind;
      return undefined;
    case 'closed':
      model.isClosed = true;
      return undefined;
    case 'paused':
      model.phase = entry.reason === undefined ? 'paused' : 'paused-itself';
      return undefined;
    case 'resumed':
      model.phase = 'running';
      return undefined;
    case 'taken-over':
    case 'started':
    case 'duplicate':
    case 'attempt-failed':
    case 'attempt-lost':
    case 'user-barred':
    case 'wanted-set':
      return undefined;
    default:
      return entry satisfies never;
  }
};
