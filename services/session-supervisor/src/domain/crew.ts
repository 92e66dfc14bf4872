import { learnSeconds } from './eta.ts';
import type { TaskQueue } from './order.ts';
import type { OrdinalRange } from './graph/ordinals.ts';

/**
 * What the owner of a workload knows about the users that serve it, and none of which is in the journal: it can all be
 * learnt again from the matcher and from what the agents say they hold. The functions here change it in place; it is
 * knowledge, never truth, so nothing has to be taken back when an append is refused.
 */
export interface Crew {
  readonly members: Map<string, Member>;
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
export interface Member extends Assigned {
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

export const emptyCrew = (queue: TaskQueue): Crew => ({
  members: new Map(),
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

/** Records that a member works on a task. */
export const hold = (crew: Crew, member: Member, attempt: string, held: Held): void => {
  member.attempts.set(attempt, held);
  member.loads[held.node] = (member.loads[held.node] ?? 0) + 1;
  crew.holders.set(held.ordinal, (crew.holders.get(held.ordinal) ?? 0) + 1);
  crew.dirty.add(member.id);
};

/** Forgets an attempt of a member. Answers it, or undefined if the member had none such. */
export const letGo = (crew: Crew, member: Member, attempt: string): Held | undefined => {
  const held = member.attempts.get(attempt);
  if (held === undefined) return undefined;
  member.attempts.delete(attempt);
  member.loads[held.node] = (member.loads[held.node] ?? 1) - 1;
  const left = (crew.holders.get(held.ordinal) ?? 1) - 1;
  if (left > 0) crew.holders.set(held.ordinal, left);
  else crew.holders.delete(held.ordinal);
  crew.dirty.add(member.id);
  return held;
};

/** Takes an attempt away from a member that may still finish it. */
export const withdraw = (crew: Crew, member: Member, attempt: string): Held | undefined => {
  const held = letGo(crew, member, attempt);
  if (held === undefined) return undefined;
  crew.withdrawn.set(attempt, member.id);
  const oldest = crew.withdrawn.keys().next();
  if (crew.withdrawn.size > MAX_WITHDRAWN && !oldest.done) crew.withdrawn.delete(oldest.value);
  return held;
};

/** Withdraws every attempt at a task, because it is decided. Costs the members only where the task is held. */
export const withdrawTask = (crew: Crew, ordinal: number): void => {
  if (!crew.holders.has(ordinal)) return;
  for (const member of crew.members.values()) {
    for (const [attempt, held] of member.attempts) {
      if (held.ordinal === ordinal) withdraw(crew, member, attempt);
    }
  }
};

/** Learns a member's speed from the seconds that a task of a node took it. */
export const learnSpeed = ({ paces }: Member, node: number, seconds: number): void => {
  paces[node] = learnSeconds(paces[node], seconds);
};

/** The tasks that a member holds, or that all members hold, as ascending runs. */
export const heldRanges = (members: Iterable<Pick<Member, 'attempts'>>): OrdinalRange[] => {
  const ordinals = new Set<number>();
  for (const { attempts } of members) for (const { ordinal } of attempts.values()) ordinals.add(ordinal);
  return [...ordinals].sort((a, b) => a - b).map((ordinal) => ({ first: ordinal, last: ordinal }));
};
