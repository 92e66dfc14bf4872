import { learnSeconds } from './eta.ts';
import type { TaskQueue } from './order.ts';
import type { OrdinalRange } from '../graph/ordinals.ts';

/**
 * What the owner of a workload knows about the users that serve it, and none of which is in the journal: it can all be
 * learnt again from the matcher and from what the agents say they hold. The functions here change it in place; it is
 * knowledge, never truth, so nothing has to be taken back when an append is refused.
 */
export interface Workers {
  readonly byId: Map<string, Worker>;
  /** How many attempts are out for each task that is held. */
  readonly holders: Map<number, number>;
  /** What waits to be handed out. */
  readonly queue: TaskQueue;
  /** Attempts that were taken away from a user that may report them all the same: attempt → user. Bounded. */
  readonly withdrawn: Map<string, string>;
  /** Users whose set of work changed since it was last sent. */
  readonly dirty: Set<string>;
  /** Claims that were given back, and until when (monotonic milliseconds) late word of them is not heeded. */
  readonly givenBack: Map<string, { claim: number; until: number }>;
  /** Ready users for whom nothing waited. */
  readonly hungry: Set<string>;
  /** Tasks that a former owner's users held, to be handed out last until these answered or time is up. */
  reserved: Set<number> | undefined;
  /** When `reserved` ends, monotonic milliseconds. */
  reservedUntil: number;
  /** Whether the matcher has answered this owner at all. */
  hasExchanged: boolean;
  /** Numbers the attempts of this reign. */
  attemptCounter: number;
  /** The matcher's last words. */
  entitled: number;
  suitable: number;
  connected: number;
}

/** A user as the matcher gave it. */
export interface Assigned {
  id: string;
  name: string;
  connection: string;
  claim: number;
  manager: string;
  slots: number;
  /** Of its machine. */
  memoryBytes: number;
  /** Engines that work on its machine, with their versions: Blender's, for each of its engines. */
  engines: readonly { name: string; version: string }[];
  drain: 'no' | 'after-task' | 'now';
}

/** A user that serves the session. */
export interface Worker extends Assigned {
  /** `asked`: what it holds is not known yet. `leaving`: gets nothing new and is given back when it is empty. */
  phase: 'asked' | 'ready' | 'leaving';
  /** When it was asked, monotonic milliseconds. */
  askedAt: number;
  /** Its work, in order. */
  attempts: Map<string, Held>;
  /** Seconds per task of each node, by its place in the graph and by measurement; undefined until there is one. */
  paces: (number | undefined)[];
  /** How many of its attempts are of each node. */
  loads: number[];
  /** When it last finished or failed a task, monotonic milliseconds: not before that did it begin the one it runs. */
  freeSince: number;
  /** It is not served before this, monotonic milliseconds: its machine had trouble of its own. */
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
  /** Whether the user has begun it, as far as is known. */
  isStarted: boolean;
}

/** Withdrawn attempts that are remembered. */
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
  entitled: 0,
  suitable: 0,
  connected: 0,
});

/** Records that a worker works on a task. */
export const hold = (workers: Workers, worker: Worker, attempt: string, held: Held): void => {
  worker.attempts.set(attempt, held);
  worker.loads[held.node] = (worker.loads[held.node] ?? 0) + 1;
  workers.holders.set(held.ordinal, (workers.holders.get(held.ordinal) ?? 0) + 1);
  workers.dirty.add(worker.id);
};

/** Forgets an attempt of a worker. Answers it, or undefined if the worker had none such. */
export const letGo = (workers: Workers, worker: Worker, attempt: string): Held | undefined => {
  const held = worker.attempts.get(attempt);
  if (held === undefined) return undefined;
  worker.attempts.delete(attempt);
  worker.loads[held.node] = (worker.loads[held.node] ?? 1) - 1;
  const left = (workers.holders.get(held.ordinal) ?? 1) - 1;
  if (left > 0) workers.holders.set(held.ordinal, left);
  else workers.holders.delete(held.ordinal);
  workers.dirty.add(worker.id);
  return held;
};

/** Takes an attempt away from a worker that may still finish it. */
export const withdraw = (workers: Workers, worker: Worker, attempt: string): Held | undefined => {
  const held = letGo(workers, worker, attempt);
  if (held === undefined) return undefined;
  workers.withdrawn.set(attempt, worker.id);
  const oldest = workers.withdrawn.keys().next();
  if (workers.withdrawn.size > MAX_WITHDRAWN && !oldest.done) workers.withdrawn.delete(oldest.value);
  return held;
};

/** Withdraws every attempt at a task, because it is decided. Costs the workers only where the task is held. */
export const withdrawTask = (workers: Workers, ordinal: number): void => {
  if (!workers.holders.has(ordinal)) return;
  for (const worker of workers.byId.values()) {
    for (const [attempt, held] of worker.attempts) {
      if (held.ordinal === ordinal) withdraw(workers, worker, attempt);
    }
  }
};

/** Learns a worker's speed from the seconds that a task of a node took it. */
export const learnSpeed = ({ paces }: Worker, node: number, seconds: number): void => {
  paces[node] = learnSeconds(paces[node], seconds);
};

/** The tasks that a worker holds, or that all workers hold, as ascending runs. */
export const heldRanges = (workers: Iterable<Pick<Worker, 'attempts'>>): OrdinalRange[] => {
  const ordinals = new Set<number>();
  for (const { attempts } of workers) for (const { ordinal } of attempts.values()) ordinals.add(ordinal);
  return [...ordinals].sort((a, b) => a - b).map((ordinal) => ({ first: ordinal, last: ordinal }));
};
