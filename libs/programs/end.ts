import { poll } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  carriersOf,
  isAlive,
  isRunning,
  markedWith,
  noncesOf,
  type Identity,
  type ProcessIdentity,
} from './identity.ts';
import { statOf, type ProcessStat } from './stat.ts';

const POLL_MS = 25;
/** A killed process can take a moment: it has memory to give back, or waits for a disk. */
const KILL_MS = 5_000;

/**
 * Ends everything that carries a nonce, and the process groups that it is in: asks for `graceMs` (0: not at all), then kills, also what
 * escaped from its group. Resolves to the nonces of which something is left.
 */
export const endMarked = async (
  nonces: ReadonlySet<string>,
  graceMs: number,
  clock: Clock,
): Promise<ReadonlySet<string>> => {
  if (nonces.size === 0) {
    return nonces;
  }
  let left = nonces;
  if (graceMs > 0) {
    signalMarked(nonces, 'SIGTERM');
    // One that was stopped hears nothing until it goes on.
    signalMarked(nonces, 'SIGCONT', ({ isStopped }) => isStopped);
    left = await leftOf(nonces, clock, graceMs);
  }
  const until = clock.monotonic() + KILL_MS;
  while (left.size > 0 && clock.monotonic() <= until) {
    signalMarked(left, 'SIGKILL');
    left = await leftOf(left, clock, 10 * POLL_MS);
  }
  return left;
};

/** Ends one process and nothing else: asks for `graceMs`, then kills. Resolves when it is gone, or does not go. */
export const endOne = async (identity: Identity, graceMs: number, clock: Clock): Promise<void> => {
  for (const [name, withinMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', KILL_MS],
  ] as const) {
    if (isRunning(identity)) {
      send(identity.pid, name);
    }
    await poll(() => !isRunning(identity), { clock, everyMs: POLL_MS, withinMs });
  }
};

/** Signals this very process; nothing happens when it is gone. */
export const signal = async (identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> => {
  if (await isAlive(identity)) {
    send(identity.pid, name);
  }
};

/** What is left after a while, or as soon as nothing is. */
const leftOf = async (
  nonces: ReadonlySet<string>,
  clock: Clock,
  withinMs: number,
): Promise<ReadonlySet<string>> => {
  let left = nonces;
  const isGone = (): boolean => {
    left = new Set(carriersOf(left).flatMap(({ carried }) => carried));
    return left.size === 0;
  };
  await poll(isGone, { clock, everyMs: POLL_MS, withinMs });
  return left;
};

/** `of`: only to those, and the groups that they are in. */
const signalMarked = (
  nonces: ReadonlySet<string>,
  name: NodeJS.Signals,
  of: (stat: ProcessStat) => boolean = () => true,
): void => {
  const groups = new Set<number>();
  const own = statOf(process.pid)?.group;
  for (const stat of markedWith(nonces)) {
    const { pid, group, startTicks } = stat;
    if (groups.has(group) || !of(stat)) {
      continue;
    }
    // Looked at again: its number may be somebody else's by now.
    if (
      statOf(pid)?.startTicks !== startTicks ||
      !noncesOf(pid).some((nonce) => nonces.has(nonce))
    ) {
      continue;
    }
    // As long as one of ours is in it the group is ours, with those in it that threw their nonce away.
    if (group === own) {
      send(pid, name);
      continue;
    }
    send(-group, name);
    groups.add(group);
  }
};

/** Kills a process group; nothing happens if it is empty. */
export const endGroup = (group: number): void => send(-group, 'SIGKILL');

const send = (target: number, name: NodeJS.Signals): void => {
  try {
    process.kill(target, name);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    // Gone already, or it became somebody else's, whom we may not signal.
    if (code !== 'ESRCH' && code !== 'EPERM') {
      throw thrown;
    }
  }
};

/** Ends as `endMarked` does; resolves to whether nothing is left. */
export type Ender = (nonces: readonly string[], graceMs: number) => Promise<boolean>;

/**
 * Looks for all that is to be ended at the same moment in one walk through the processes: a host that ends a thousand programs would
 * walk for longer than it may take.
 */
export const createEnder = (clock: Clock): Ender => {
  const batches = new Map<number, { nonces: Set<string>; left: Promise<ReadonlySet<string>> }>();
  const begin = (graceMs: number) => {
    const nonces = new Set<string>();
    const left = clock.sleep(0).then(() => {
      batches.delete(graceMs);
      return endMarked(nonces, graceMs, clock);
    });
    const batch = { nonces, left };
    batches.set(graceMs, batch);
    return batch;
  };
  return async (nonces, graceMs) => {
    if (nonces.length === 0) {
      return true;
    }
    const batch = batches.get(graceMs) ?? begin(graceMs);
    for (const nonce of nonces) {
      batch.nonces.add(nonce);
    }
    const left = await batch.left;
    return nonces.every((nonce) => !left.has(nonce));
  };
};
