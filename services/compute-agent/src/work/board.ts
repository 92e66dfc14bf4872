import type { DesiredState, Held, Work } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { type DesiredOrder, isNewer, NO_ORDER } from '../domain/desired.ts';
import { attemptKey, type Phase, reconcile } from '../domain/reconcile.ts';
import type { Progress } from '../engines/engine.ts';

/** An attempt on this machine. */
export interface Assignment {
  readonly key: string;
  readonly workloadId: string;
  readonly attempt: Attempt;
  phase: Phase;
  /** When its engine began, in monotonic milliseconds. */
  startedMs: number;
  /** The latest progress that its engine told. */
  progress?: Progress;
  /** Whether the agent has said on this stream that it runs. */
  isAnnounced: boolean;
}

/** What the mesh wants from this machine, and how far the machine is. */
export interface Board {
  /**
   * Applies a desired state. Answers the running assignments that must stop, or undefined if the state is an
   * older one.
   */
  apply(state: DesiredState): Assignment[] | undefined;
  /**
   * Takes the next assignment in the order of the mesh, only of `workloadId` if that is given. It counts as
   * running from now on.
   */
  claim(workloadId?: string): Assignment | undefined;
  /** Whether an assignment waits for a slot. */
  hasWaiting(): boolean;
  /** The workload of the latest state; empty before the first. */
  workloadId(): string;
  /** The work to which the waiting assignments belong. */
  work(): Work | undefined;
  /** An assignment has an outcome. */
  finish(assignment: Assignment): void;
  /** The mesh has decided about an assignment. */
  decided(key: string): void;
  /** The waiting, running and finished attempts of each workload. */
  held(): Held[];
  /** Takes no new assignments, and forgets the waiting ones. */
  closeForNew(): void;
  /** Takes new assignments again. */
  openForNew(): void;
}

/** Creates an empty board. */
export const createBoard = (): Board => {
  const assignments = new Map<string, Assignment>();
  let order: DesiredOrder = NO_ORDER;
  let workloadId = '';
  let work: Work | undefined;
  let queue: Assignment[] = [];
  let next = 0;
  let isOpen = true;

  const drop = (key: string): void => {
    assignments.delete(key);
  };

  return {
    apply(state) {
      if (!isNewer(state, order)) {
        return undefined;
      }
      order = { claim: state.claim, epoch: state.epoch, counter: state.counter };
      workloadId = state.workloadId;
      work = state.work ?? work;
      const changes = reconcile(state, assignments);
      const stopped = changes.stop.flatMap((key) => {
        const assignment = assignments.get(key);
        return assignment?.phase === 'running' ? [assignment] : [];
      });
      changes.stop.forEach(drop);
      changes.forget.forEach(drop);
      for (const attempt of isOpen ? changes.start : []) {
        const key = attemptKey(workloadId, attempt.attempt);
        assignments.set(key, {
          key,
          workloadId,
          attempt,
          phase: 'waiting',
          startedMs: 0,
          isAnnounced: false,
        });
      }
      if (!state.adopt) {
        queue = state.attempts.flatMap(({ attempt }) => {
          const assignment = assignments.get(attemptKey(workloadId, attempt));
          return assignment?.phase === 'waiting' ? [assignment] : [];
        });
        next = 0;
      } else {
        queue = queue
          .slice(next)
          .filter((assignment) => assignments.get(assignment.key) === assignment);
        next = 0;
      }
      return stopped;
    },
    claim(of) {
      const assignment = queue[next];
      if (assignment === undefined || (of !== undefined && assignment.workloadId !== of)) {
        return undefined;
      }
      next += 1;
      assignment.phase = 'running';
      return assignment;
    },
    hasWaiting: () => next < queue.length,
    workloadId: () => workloadId,
    work: () => work,
    finish(assignment) {
      assignment.phase = 'finished';
      // It may have been stopped at the moment it finished. The result is reported all the same.
      assignments.set(assignment.key, assignment);
    },
    decided(key) {
      const assignment = assignments.get(key);
      if (assignment !== undefined) {
        assignment.phase = 'decided';
      }
    },
    held() {
      const known = [...assignments.values()].filter(({ phase }) => phase !== 'decided');
      const byWorkload = Map.groupBy(known, (assignment) => assignment.workloadId);
      return [...byWorkload].map(([id, held]) => ({
        workloadId: id,
        attempts: held.map(({ attempt }) => attempt),
        epoch: 0,
      }));
    },
    closeForNew() {
      isOpen = false;
      for (const assignment of queue.slice(next)) {
        drop(assignment.key);
      }
      queue = [];
      next = 0;
    },
    openForNew() {
      isOpen = true;
    },
  };
};
