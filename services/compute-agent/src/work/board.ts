import type { DesiredState, Held, Work } from '#libs/contracts/agent.ts';
import { type DesiredOrder, isNewer, NO_ORDER } from '../domain/desired.ts';
import { attemptKey, reconcile } from '../domain/reconcile.ts';
import type { Entry } from './entry.ts';

/** What the mesh wants from this machine, and how far it is. */
export interface Board {
  /** Takes over a desired state. Answers the running entries that must stop; undefined if the state is an older one. */
  apply(state: DesiredState): Entry[] | undefined;
  /** The next entry to work on, in the order of the mesh; only of `workloadId` if that is given. It runs from now on. */
  claim(workloadId?: string): Entry | undefined;
  /** Whether something waits for a slot. */
  hasWaiting(): boolean;
  /** The workload of the latest state; empty before the first. */
  workloadId(): string;
  /** What the waiting entries belong to. */
  work(): Work | undefined;
  /** An entry has a result, or a reason why not. */
  finish(entry: Entry): void;
  /** The mesh has said what became of an entry. */
  settle(key: string): void;
  /** All that is waiting, running or finished, per workload. */
  held(): Held[];
  /** Nothing is claimed any more, and what waits is forgotten. */
  closeForNew(): void;
  /** What the mesh wants from now on is claimed again. */
  openForNew(): void;
}

/** A board with nothing on it. */
export const createBoard = (): Board => {
  const entries = new Map<string, Entry>();
  let order: DesiredOrder = NO_ORDER;
  let workloadId = '';
  let work: Work | undefined;
  let queue: Entry[] = [];
  let next = 0;
  let isOpen = true;

  const drop = (key: string): void => {
    entries.delete(key);
  };

  return {
    apply(state) {
      if (!isNewer(state, order)) {
        return undefined;
      }
      order = { claim: state.claim, reign: state.reign, counter: state.counter };
      workloadId = state.workloadId;
      work = state.work ?? work;
      const changes = reconcile(state, entries);
      const stopped = changes.stop.flatMap((key) => {
        const entry = entries.get(key);
        return entry?.phase === 'running' ? [entry] : [];
      });
      changes.stop.forEach(drop);
      changes.forget.forEach(drop);
      for (const attempt of isOpen ? changes.start : []) {
        const key = attemptKey(workloadId, attempt.attempt);
        entries.set(key, { key, workloadId, attempt, phase: 'waiting', startedMs: 0, isAnnounced: false });
      }
      if (!state.adopt) {
        queue = state.attempts.flatMap(({ attempt }) => {
          const entry = entries.get(attemptKey(workloadId, attempt));
          return entry?.phase === 'waiting' ? [entry] : [];
        });
        next = 0;
      } else {
        queue = queue.slice(next).filter((entry) => entries.get(entry.key) === entry);
        next = 0;
      }
      return stopped;
    },
    claim(of) {
      const entry = queue[next];
      if (entry === undefined || (of !== undefined && entry.workloadId !== of)) {
        return undefined;
      }
      next += 1;
      entry.phase = 'running';
      return entry;
    },
    hasWaiting: () => next < queue.length,
    workloadId: () => workloadId,
    work: () => work,
    finish(entry) {
      entry.phase = 'finished';
      // It may have been stopped in the moment in which it was done; a result is reported all the same.
      entries.set(entry.key, entry);
    },
    settle(key) {
      const entry = entries.get(key);
      if (entry !== undefined) {
        entry.phase = 'settled';
      }
    },
    held() {
      const known = [...entries.values()].filter(({ phase }) => phase !== 'settled');
      const byWorkload = Map.groupBy(known, (entry) => entry.workloadId);
      return [...byWorkload].map(([id, held]) => ({
        workloadId: id,
        attempts: held.map(({ attempt }) => attempt),
        reign: 0,
      }));
    },
    closeForNew() {
      isOpen = false;
      for (const entry of queue.slice(next)) {
        drop(entry.key);
      }
      queue = [];
      next = 0;
    },
    openForNew() {
      isOpen = true;
    },
  };
};
