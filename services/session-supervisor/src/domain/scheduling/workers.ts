import type { OfferedEngine } from '#libs/engines/index.ts';
import { learnSeconds } from './eta.ts';
import { measure, newMeter, type Finished, type Meter } from './meter.ts';
import type { TaskQueue } from './order.ts';

/**
 * What the owner of a workload knows about its users. None of it is in the journal, because matcher and agents can tell it
 * again. It changes in place, and a refused append takes nothing back, because it decides nothing by itself.
 */
export interface Workers {
  readonly byId: Map<string, Worker>;
  /** The number of attempts that are out, for each held task. */
  readonly holders: Map<number, number>;
  readonly queue: TaskQueue;
  /** Withdrawn attempts, which their users may still report: attempt → user. Bounded. */
  readonly withdrawn: Map<string, string>;
  /** Users whose set of work changed since it was last sent. */
  readonly dirty: Set<string>;
  /** Claims that were given back. Messages about them are ignored `until` that time (monotonic milliseconds). */
  readonly givenBack: Map<string, { claim: number; until: number }>;
  /** Ready users for whom no task waited. */
  readonly hungry: Set<string>;
  /** Tasks that a former owner's users held. Nobody gets them until these users have answered or the time is up. */
  reserved: Set<number> | undefined;
  /** When `reserved` ends, monotonic milliseconds. */
  reservedUntil: number;
  /** Whether the matcher has ever answered this owner. */
  hasExchanged: boolean;
  /** Numbers the attempts of this epoch. */
  attemptCounter: number;
  /** How many results this owner has seen, by the place of the node in the graph. */
  readonly results: number[];
  /** What is known of everybody who ever served this owner. */
  readonly known: Map<string, Pick<Assigned, 'owner' | 'goodLooks'>>;
  /** Since when tasks that are looked at twice wait for another owner, monotonic milliseconds. */
  readonly lookedSince: Map<number, number>;
  /** The numbers of the matcher's last answer. */
  entitled: number;
  suitable: number;
  connected: number;
  /** When the matcher last answered, monotonic milliseconds. */
  answeredAt: number;
  /** How long before that it had answered; at most what is known to have been the same in between. */
  answerGapMs: number;
  /** For how long nobody was connected who could confirm what a machine says of the input. */
  aloneMs: number;
  /** For how long users were connected, but none with the version of the workload, which no result has. */
  versionlessMs: number;
}

/** A user as the matcher assigned it. */
export interface Assigned {
  id: string;
  name: string;
  connection: string;
  claim: number;
  manager: string;
  slots: number;
  memoryBytes: number;
  /** Engines that work on its machine. Each engine of Blender has Blender's version. */
  engines: readonly OfferedEngine[];
  drain: 'no' | 'after-task' | 'now';
  /** Whose machine it is; its own id if nobody said. */
  owner: string;
  /** Second looks since the last miss that found what it had reported, as the registry knew when it connected. */
  goodLooks: number;
}

/** A user that serves the session. */
export interface Worker extends Assigned {
  /** `asked`: what it holds is not known yet. `leaving`: it gets no new work and is given back when it holds nothing. */
  phase: 'asked' | 'ready' | 'leaving';
  /** Since when it is leaving, monotonic milliseconds; unset if it is not. */
  leavingSince?: number;
  /** When it was asked, monotonic milliseconds. */
  askedAt: number;
  /** Its attempts, in the order in which it works on them. */
  attempts: Map<string, Held>;
  /** Measured seconds per task, by the place of the node in the graph; undefined before the first measurement. */
  paces: (number | undefined)[];
  /** How fast it finishes tasks, by the place of the node in the graph; undefined before its first result. */
  meters: (Meter | undefined)[];
  /** Since when it has had work without a pause, monotonic milliseconds. */
  busySince: number;
  /** The number of its attempts, by the place of the node in the graph. */
  loads: number[];
  /** When it last finished or failed a task, monotonic milliseconds. It began its running task no earlier. */
  freeSince: number;
  /** It gets no work before this time, monotonic milliseconds, because its machine caused a failure. */
  restsUntil: number;
}

/** An attempt that is out. */
export interface Held {
  ordinal: number;
  /** The place of its node in the graph. */
  node: number;
  generation: number;
  /** When it was handed out, monotonic milliseconds. */
  since: number;
  /** Whether a former owner handed it out: `since` is when the user said so. */
  isFromBefore?: true;
  /** Whether the user is known to have begun it. */
  isStarted: boolean;
  /** The user is asked to make a checkpoint and give the task back. */
  isYielding?: true;
}

const MAX_WITHDRAWN = 10_000;

export const noWorkers = (queue: TaskQueue): Workers => ({
  byId: new Map(),
  holders: new Map(),
  queue,
  withdrawn: new Map(),
  dirty: new Set(),
  givenBack: new Map(),
  hungry: new Set(),
  reserved: undefined,
  reservedUntil: 0,
  hasExchanged: false,
  attemptCounter: 0,
  results: [],
  known: new Map(),
  lookedSince: new Map(),
  entitled: 0,
  suitable: 0,
  connected: 0,
  answeredAt: 0,
  answerGapMs: 0,
  aloneMs: 0,
  versionlessMs: 0,
});

/** Records that a worker works on a task. */
export const hold = (workers: Workers, worker: Worker, attempt: string, held: Held): void => {
  if (worker.attempts.size === 0) {
    worker.busySince = held.since;
  }
  worker.attempts.set(attempt, held);
  worker.loads[held.node] = (worker.loads[held.node] ?? 0) + 1;
  workers.holders.set(held.ordinal, (workers.holders.get(held.ordinal) ?? 0) + 1);
  workers.dirty.add(worker.id);
};

/** Forgets an attempt of a worker. Returns the attempt, or undefined if the worker did not hold it. */
export const letGo = (workers: Workers, worker: Worker, attempt: string): Held | undefined => {
  const held = worker.attempts.get(attempt);
  if (held === undefined) {
    return undefined;
  }
  worker.attempts.delete(attempt);
  worker.loads[held.node] = (worker.loads[held.node] ?? 1) - 1;
  const left = (workers.holders.get(held.ordinal) ?? 1) - 1;
  if (left > 0) {
    workers.holders.set(held.ordinal, left);
  } else {
    workers.holders.delete(held.ordinal);
  }
  workers.dirty.add(worker.id);
  return held;
};

/** Takes an attempt away from a worker that may still finish it. */
export const withdraw = (workers: Workers, worker: Worker, attempt: string): Held | undefined => {
  const held = letGo(workers, worker, attempt);
  if (held === undefined) {
    return undefined;
  }
  workers.withdrawn.set(attempt, worker.id);
  const oldest = workers.withdrawn.keys().next();
  if (workers.withdrawn.size > MAX_WITHDRAWN && !oldest.done) {
    workers.withdrawn.delete(oldest.value);
  }
  return held;
};

/** Withdraws every attempt at a task that is decided. Walks the workers only if one of them holds the task. */
export const withdrawTask = (workers: Workers, ordinal: number): void => {
  if (!workers.holders.has(ordinal)) {
    return;
  }
  for (const worker of workers.byId.values()) {
    for (const [attempt, held] of worker.attempts) {
      if (held.ordinal === ordinal) {
        withdraw(workers, worker, attempt);
      }
    }
  }
};

/** Updates a worker's speed at a node with a result that came `at` this time, monotonic milliseconds. */
export const learnSpeed = (
  { paces, meters, slots, busySince }: Worker,
  node: number,
  finished: Pick<Finished, 'at' | 'place' | 'seconds'>,
): void => {
  paces[node] = learnSeconds(paces[node], finished.seconds);
  meters[node] ??= newMeter();
  if (Number.isFinite(finished.seconds)) {
    measure(meters[node], { ...finished, slots, busySince });
  }
};
