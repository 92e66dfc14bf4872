import { poll } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { findByEnvironment, isAlive, signal, type ProcessIdentity } from '#libs/programs/index.ts';

/** The variables that every child of `up` carries, for itself and for whatever it starts. */
export const childMark = (nonce: string, directory: string): { MUSTER_UP_NONCE: string; MUSTER_UP_DIR: string } => ({
  MUSTER_UP_NONCE: nonce,
  // A copy of a directory has the same nonce, but the processes of the original belong to the original.
  MUSTER_UP_DIR: directory,
});

const termMs = 10_000;
const killMs = 5_000;
const pollMs = 50;

/**
 * Ends the processes that a killed `up` of this directory left behind. They carry its mark in their environment, which
 * no other process has. The caller holds the directory's lock. Answers how many there were.
 */
export const endLeftovers = async (clock: Clock, nonce: string, directory: string): Promise<number> => {
  const found = await findByEnvironment(childMark(nonce, directory));
  for (const [name, withinMs] of [
    ['SIGTERM', termMs],
    ['SIGKILL', killMs],
  ] as const) {
    for (const identity of found) {
      await signal(identity, name);
      // A stopped process (SIGSTOP) handles SIGTERM only after it goes on.
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
