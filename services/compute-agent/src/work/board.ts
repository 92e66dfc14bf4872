import type { DesiredState, Held, InputResult, ResumePoint, Work } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { type DesiredOrder, isNewer, NO_ORDER } from '../domain/desired.ts';
import { attemptKey, type Phase, reconcile } from '../domain/reconcile.ts';
import type { Progress } from '../engines/engine.ts';

export interface Assignment {
  readonly key: string;
  readonly workloadId: string;
  readonly attempt: Attempt;
  phase: Phase;
  /** When its engine began, in monotonic milliseconds. */
  startedMs: number;
  /** The latest progress that its engine told. */
  progress?: Progress | undefined;
  /** The progress that the agent last told the mesh on this stream. */
  told?: Progress | undefined;
  /** Asks for it back, once somebody listens or asks. */
  yielding?: AbortController;
  /** Whether the agent has said on this stream that it runs. */
  isAnnounced: boolean;
}

/** The signal by which an assignment is asked for. */
export const yieldingOf = (assignment: Assignment): AbortController =>
  (assignment.yielding ??= new AbortController());

/** Asks for an assignment back; the first reason stays. */
export const askBack = (assignment: Assignment, reason: string): void =>
  yieldingOf(assignment).abort(reason);

/** What the mesh wants from this machine, and how far the machine is. */
export type Board = ReturnType<typeof createBoard>;

export const createBoard = () => {
  const assignments = new Map<string, Assignment>();
  let order: DesiredOrder = NO_ORDER;
  let workloadId = '';
  let work: Work | undefined;
  let inputs: readonly InputResult[] = [];
  let resumes: readonly ResumePoint[] = [];
  let queue: Assignment[] = [];
  let isOpen = true;

  const waitingOf = (key: string): Assignment[] => {
    const assignment = assignments.get(key);
    return assignment?.phase === 'waiting' ? [assignment] : [];
  };

  return {
    /** Applies a desired state. Answers the running assignments that must stop; undefined if the state is an older one. */
    apply(state: DesiredState): Assignment[] | undefined {
      if (!isNewer(state, order)) {
        return undefined;
      }
      order = { claim: state.claim, epoch: state.epoch, counter: state.counter };
      workloadId = state.workloadId;
      if (state.work !== undefined) {
        ({ work, inputs } = state);
        resumes = state.handover?.resumes ?? [];
      }
      const { start, stop, forget } = reconcile(state, assignments);
      const stopped = stop.flatMap((key) => {
        const assignment = assignments.get(key);
        return assignment?.phase === 'running' ? [assignment] : [];
      });
      for (const key of [...stop, ...forget]) {
        assignments.delete(key);
      }
      for (const attempt of isOpen ? start : []) {
        const key = attemptKey(workloadId, attempt.attempt);
        const begun = { phase: 'waiting', startedMs: 0, isAnnounced: false } as const;
        assignments.set(key, { key, workloadId, attempt, ...begun });
      }
      const keys = state.adopt
        ? queue.map(({ key }) => key)
        : state.attempts.map(({ attempt }) => attemptKey(workloadId, attempt));
      queue = [...new Set(keys)].flatMap(waitingOf);
      for (const id of state.handover?.yielding ?? []) {
        const assignment = assignments.get(attemptKey(workloadId, id));
        if (assignment !== undefined) {
          askBack(assignment, 'asked by the mesh');
        }
      }
      return stopped;
    },
    /** Takes the next assignment in the order of the mesh, if it is of workload `of`. It counts as running from now on. */
    claim(of?: string): Assignment | undefined {
      if (of !== undefined && queue[0]?.workloadId !== of) {
        return undefined;
      }
      const assignment = queue.shift();
      if (assignment !== undefined) {
        assignment.phase = 'running';
      }
      return assignment;
    },
    /** Whether an assignment waits for a slot. */
    hasWaiting: () => queue.length > 0,
    /** The workload of the latest state; empty before the first. */
    workloadId: () => workloadId,
    /** The work to which the waiting assignments belong. */
    work: () => work,
    /** The result of an earlier task, by its key, if the mesh said where it is. */
    input: (task: string) => inputs.find((each) => each.task === task),
    /** Where an attempt goes on, by its id, if the mesh said that. */
    resume: (attempt: string) => resumes.find((each) => each.attempt === attempt),
    /** An assignment has an outcome. */
    finish(assignment: Assignment): void {
      assignment.phase = 'finished';
      // It may have been stopped at the moment it finished. The result is reported all the same.
      assignments.set(assignment.key, assignment);
    },
    /** The mesh has decided about an assignment. */
    decided(key: string): void {
      const assignment = assignments.get(key);
      if (assignment !== undefined) {
        assignment.phase = 'decided';
      }
    },
    /** The waiting, running and finished attempts of each workload. */
    held(): Held[] {
      const known = [...assignments.values()].filter(({ phase }) => phase !== 'decided');
      const byWorkload = Map.groupBy(known, (assignment) => assignment.workloadId);
      return [...byWorkload].map(([id, held]) => ({
        workloadId: id,
        attempts: held.map(({ attempt }) => attempt),
        epoch: 0,
      }));
    },
    /** Takes no new assignments, and forgets the waiting ones. */
    closeForNew(): void {
      isOpen = false;
      for (const { key } of queue) {
        assignments.delete(key);
      }
      queue = [];
    },
    /** Takes new assignments again. */
    openForNew(): void {
      isOpen = true;
    },
  };
};
