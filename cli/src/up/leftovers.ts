import { poll } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { findByEnvironment, isAlive, signal, type ProcessIdentity } from '#libs/processes/index.ts';

/** The variables that every child of `up` carries, for itself and for whatever it starts. */
export const childMark = (nonce: string, directory: string): { MUSTER_UP_NONCE: string; MUSTER_UP_DIR: string } => ({
  MUSTER_UP_NONCE: nonce,
  // A copied directory has the same nonce; what runs for the original is not ours.
  MUSTER_UP_DIR: directory,
});

const termMs = 10_000;
const killMs = 5_000;
const pollMs = 50;

/**
 * Ends what an `up` of this directory left behind when it was killed: processes with its mark in their environment,
 * which nobody else has. Only while holding the directory's lock. Answers how many there were.
 */
export const endLeftovers = async (clock: Clock, nonce: string, directory: string): Promise<number> => {
  const found = await findByEnvironment(childMark(nonce, directory));
  for (const [name, withinMs] of [
    ['SIGTERM', termMs],
    ['SIGKILL', killMs],
  ] as const) {
    for (const identity of found) {
      await signal(identity, name);
      // One that was stopped (SIGSTOP) hears nothing until it goes on.
      await signal(identity, 'SIGCONT');
    }
    if (await areGone(clock, found, withinMs)) break;
  }
  return found.length;
};

const areGone = (clock: Clock, identities: readonly ProcessIdentity[], withinMs: number): Promise<boolean> => {
  const nobodyLives = async () => !(await Promise.all(identities.map(isAlive))).includes(true);
  return poll(nobodyLives, { clock, everyMs: pollMs, withinMs });
};
