import type { TaskProgress } from '#libs/contracts/agent.ts';
import type { InputOf } from '../../domain/decisions/inputs.ts';
import { SLOW_SECONDS } from '../../domain/scheduling/splitting.ts';
import type { Held, Worker, Workers } from '../../domain/scheduling/workers.ts';

/** How far a task is, by the word of its agent. */
export interface ProgressNote extends Pick<TaskProgress, 'fraction' | 'text' | 'canSplit'> {
  /** When it began, monotonic milliseconds. */
  begunAt: number;
  /** When it should end, monotonic milliseconds; undefined where its engine does not say. */
  endsAt: number | undefined;
}

/** A task of which its agent says how far it is. */
export interface UnderWay {
  worker: Worker;
  held: Held;
  note: ProgressNote;
}

type SlowTask = Omit<InputOf<'slow'>, 'kind'>;

/** The latest progress of the tasks that users hold. Only memory has it: a note goes with the attempt that it is about. */
export type ProgressNotes = ReturnType<typeof createProgressNotes>;

/** No task that people wait for runs longer. */
const MAX_SECONDS = 30 * 86_400;

const bounded = (seconds: number): number => Math.min(MAX_SECONDS, Math.max(0, seconds));

export const createProgressNotes = (workers: Pick<Workers, 'byId'>) => {
  const notes = new WeakMap<Held, ProgressNote>();
  return {
    /** Takes what a user says on this stream. `now` is monotonic, in milliseconds. */
    take(user: string, connection: string, tasks: readonly TaskProgress[], now: number): void {
      const worker = workers.byId.get(user);
      if (worker?.connection !== connection) {
        return;
      }
      for (const { attempt, fraction, text, elapsedSeconds, remainingSeconds, canSplit } of tasks) {
        const held = worker.attempts.get(attempt);
        if (held !== undefined) {
          notes.set(held, {
            fraction,
            text,
            canSplit,
            begunAt: now - bounded(elapsedSeconds) * 1_000,
            endsAt:
              remainingSeconds === undefined ? undefined : now + bounded(remainingSeconds) * 1_000,
          });
        }
      }
    },
    /** Tasks that take long by what their users said, and could be split. */
    slow(now: number): SlowTask[] {
      const slow: SlowTask[] = [];
      for (const { id: user, connection, attempts } of workers.byId.values()) {
        for (const [attempt, held] of attempts) {
          const { canSplit = false, begunAt = now, endsAt = now } = notes.get(held) ?? {};
          if (canSplit && endsAt - begunAt > SLOW_SECONDS * 1_000) {
            const elapsedSeconds = (now - begunAt) / 1_000;
            const remainingSeconds = Math.max(0, endsAt - now) / 1_000;
            slow.push({ user, connection, attempt, elapsedSeconds, remainingSeconds });
          }
        }
      }
      return slow;
    },
    /** Tasks with a note, the longest running first, at most `max`. */
    underWay(max: number): UnderWay[] {
      const all: UnderWay[] = [];
      for (const worker of workers.byId.values()) {
        for (const held of worker.attempts.values()) {
          const note = notes.get(held);
          if (note !== undefined) {
            all.push({ worker, held, note });
          }
        }
      }
      return all.sort((a, b) => a.note.begunAt - b.note.begunAt).slice(0, max);
    },
  };
};
