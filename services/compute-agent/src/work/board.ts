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
  /** When its engine began, monotonic milliseconds. */
  startedMs: number;
  /** How far its engine was when it last said so. */
  progress?: Progress;
  /** The mesh was told, on this stream, that it runs. */
  isAnnounced: boolean;
}

/** What the mesh wants from this machine, and how far it is. */
export interface Board {
  /** Takes over a desired state. Answers the running assignments that must stop; undefined if the state is an older one. */
  apply(state: DesiredState): Assignment[] | undefined;
  /** The next assignment to work on, in the order of the mesh; only of `workloadId` if that is given. It runs from now on. */
  claim(workloadId?: string): Assignment | undefined;
  /** Whether something waits for a slot. */
  hasWaiting(): boolean;
  /** The workload of the latest state; empty before the first. */
  workloadId(): string;
  /** What the waiting assignments belong to. */
  work(): Work | undefined;
  /** An assignment has a result, or a reason why not. */
  finish(assignment: Assignment): void;
  /** The mesh has said what became of an assignment. */
  decided(key: string): void;
  /** All that is waiting, running or finished, per workload. */
  held(): Held[];
  /** Nothing is claimed any more, and what waits is forgotten. */
  closeForNew(): void;
  /** What the mesh wants from now on is claimed again. */
  openForNew(): void;
}

/** A board with nothing on it. */
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
      order = { claim: state.claim, reign: state.reign, counter: state.counter };
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
        assignments.set(key, { key, workloadId, attempt, phase: 'waiting', startedMs: 0, isAnnounced: false });
      }
      if (!state.adopt) {
        queue = state.attempts.flatMap(({ attempt }) => {
          const assignment = assignments.get(attemptKey(workloadId, attempt));
          return assignment?.phase === 'waiting' ? [assignment] : [];
        });
        next = 0;
      } else {
        queue = queue.slice(next).filter((assignment) => assignments.get(assignment.key) === assignment);
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
      // It may have been stopped in the moment in which it was done; a result is reported all the same.
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
        reign: 0,
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
