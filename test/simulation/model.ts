import type { Entry } from '../../services/session-supervisor/src/domain/state/entries.ts';
import { before, behind, named, oneStep, type Step } from './steps.ts';

/** What a journal says, read as plainly as can be: sets of task keys, no code of the product's fold. */
export interface Model {
  steps: readonly Step[];
  done: Set<string>;
  failed: Set<string>;
  /** No result may be accepted: it has ended, and nothing was retried or is repaired since. */
  isOver: boolean;
  /** How often it ended: a retry may have opened it since. */
  endings: number;
  repairs: Set<string>;
  /** `<task>/<generation>` of every accepted result. */
  accepted: Set<string>;
  /** Results that wait for a ruling: task → generation. */
  unruled: Map<string, number>;
  rejected: Set<string>;
  /** What was last said of a result: `approved`, `rejected`. */
  rulings: Map<string, string>;
  /** How far tasks are that are not done. */
  checkpoints: Map<string, number>;
  phase: string;
  isClosed: boolean;
}

export const emptyModel = (steps: readonly Step[] = oneStep): Model => ({
  steps,
  done: new Set(),
  failed: new Set(),
  isOver: false,
  endings: 0,
  repairs: new Set(),
  accepted: new Set(),
  unruled: new Map(),
  rejected: new Set(),
  rulings: new Map(),
  checkpoints: new Map(),
  phase: 'pending',
  isClosed: false,
});

/** The predecessors that a task waits for. One under repair holds nothing up, because its result was accepted before. */
export const openBefore = (
  { steps, done, failed, repairs, unruled, rejected }: Model,
  task: string,
): string[] =>
  before(steps, task).flatMap(({ task: first, on }) => {
    const isGood = done.has(first) && !unruled.has(first) && !rejected.has(first);
    const isFailed = failed.has(first) || rejected.has(first);
    return isGood || repairs.has(first) || (on === 'end' && isFailed) ? [] : [first];
  });

/** What was given up and must be there before a task can begin, directly or not. */
const lackingBefore = (model: Model, task: string): string[] =>
  before(model.steps, task).flatMap(({ task: first, on }) =>
    on === 'success' && (model.failed.has(first) || model.rejected.has(first))
      ? [first, ...lackingBefore(model, first)]
      : [],
  );

/** Tasks are to be done again, with what has to be there first, and with all that stands after what was decided of them. */
const retry = (model: Model, tasks: readonly string[]): void => {
  const again = [...new Set(tasks.flatMap((task) => [task, ...lackingBefore(model, task)]))];
  const decided = again.filter((task) => model.done.has(task) || model.failed.has(task));
  for (const task of [...decided, ...decided.flatMap((each) => behind(model.steps, each))]) {
    model.done.delete(task);
    model.failed.delete(task);
    model.repairs.delete(task);
    model.unruled.delete(task);
    model.rejected.delete(task);
    model.checkpoints.delete(task);
  }
};

/** Takes one more entry in. Answers what it must not have been, or undefined. */
export const take = (model: Model, entry: Entry): string | undefined => {
  switch (entry.kind) {
    case 'accepted': {
      const { task } = entry;
      const key = `${task}/${entry.generation}`;
      if (model.isOver && !model.repairs.has(task)) {
        return `I6: ${key} accepted after the end`;
      }
      if (model.accepted.has(key)) {
        return `I1: ${key} accepted twice`;
      }
      if (model.done.has(task) || model.failed.has(task)) {
        return `I1: ${key} accepted although it was decided`;
      }
      const [first] = openBefore(model, task);
      if (first !== undefined) {
        return `${key} accepted before ${first}`;
      }
      model.accepted.add(key);
      model.done.add(task);
      model.checkpoints.delete(task);
      model.repairs.delete(task);
      return undefined;
    }
    case 'task-failed':
      if (model.done.has(entry.task)) {
        return `I1: ${entry.task} given up although it was done`;
      }
      model.failed.add(entry.task);
      model.repairs.delete(entry.task);
      return undefined;
    case 'retried':
      retry(model, entry.tasks === '' ? [...model.failed] : named(model.steps, entry.tasks));
      // What somebody paused stays so.
      if (model.isOver || ['paused-itself', 'awaiting-approval'].includes(model.phase)) {
        model.phase = 'running';
      }
      model.isOver = false;
      model.isClosed = false;
      return undefined;
    case 'repair-wanted':
      for (const task of named(model.steps, entry.tasks)) {
        if (model.done.delete(task)) {
          model.repairs.add(task);
          model.unruled.delete(task);
          model.checkpoints.delete(task);
          model.rejected.delete(task);
        }
      }
      model.isClosed = false;
      return undefined;
    case 'completed':
    case 'failed':
    case 'stopped':
      if (model.isOver && entry.kind !== 'failed') {
        return `${entry.kind} after the end`;
      }
      model.isOver = true;
      model.endings += 1;
      model.repairs.clear();
      model.phase = entry.kind;
      return undefined;
    case 'closed':
      model.isClosed = true;
      return undefined;
    case 'approval-wanted':
      if (!model.done.has(entry.task) || model.unruled.has(entry.task)) {
        return `${entry.task} wants approval without a new result`;
      }
      model.unruled.set(entry.task, entry.generation);
      return undefined;
    case 'approved':
    case 'rejected':
      if (!model.unruled.has(entry.task) && model.rulings.get(entry.task) === entry.kind) {
        // Somebody said the same before.
        return undefined;
      }
      if (model.unruled.get(entry.task) !== entry.generation) {
        return `${entry.task} ${entry.kind} at generation ${entry.generation}, which nobody asked for`;
      }
      model.unruled.delete(entry.task);
      model.rulings.set(entry.task, entry.kind);
      if (entry.kind === 'rejected') {
        model.rejected.add(entry.task);
      }
      if (model.phase === 'awaiting-approval') {
        model.phase = 'running';
        model.isClosed = false;
      }
      return undefined;
    case 'parked':
      if (model.unruled.size === 0) {
        return 'parked although nothing waits for approval';
      }
      model.phase = 'awaiting-approval';
      return undefined;
    case 'paused':
      model.phase = entry.reason === undefined ? 'paused' : 'paused-itself';
      return undefined;
    case 'resumed':
      model.phase = 'running';
      return undefined;
    case 'checkpointed': {
      const { task, position } = entry;
      const last = model.checkpoints.get(task) ?? -Infinity;
      if (model.done.has(task) || model.failed.has(task)) {
        return `${task} checkpointed although it was decided`;
      }
      if (!(position > last)) {
        return `${task} checkpointed at ${position} after ${last}`;
      }
      model.checkpoints.set(task, position);
      return undefined;
    }
    case 'checkpoint-lost':
      model.checkpoints.delete(entry.task);
      return undefined;
    case 'yielded':
    case 'taken-over':
    case 'started':
    case 'duplicate':
    case 'attempt-failed':
    case 'attempt-lost':
    case 'user-barred':
    case 'engine-learnt':
    case 'wanted-set':
    // Only renders have results that are checked, and tasks that sleep.
    case 'verified':
    case 'result-refused':
    case 'look-wanted':
    case 'looked':
    case 'user-distrusted':
    case 'split':
    // Only renders keep one version.
    case 'version-dropped':
      return undefined;
    default:
      return entry satisfies never;
  }
};
