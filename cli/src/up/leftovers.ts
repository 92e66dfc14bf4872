import { hash } from 'node:crypto';
import type { Clock } from '#libs/clock/index.ts';
import { endMarked, MARK, markedWith } from '#libs/programs/index.ts';

/** The variables that every child of `up` carries, for itself and for whatever it starts. */
export const childMark = (
  nonce: string,
  directory: string,
): { [MARK]: string; MUSTER_UP_DIR: string } => ({
  // A copy of a directory has the same nonce, but the processes of the original belong to the original.
  [MARK]: hash('sha256', `${nonce} ${directory}`, 'hex'),
  MUSTER_UP_DIR: directory,
});

const GRACE_MS = 10_000;

/** Ends what a killed `up` of this directory left behind, known by its mark; answers how many there were. Hold the lock. */
export const endLeftovers = async (
  clock: Clock,
  nonce: string,
  directory: string,
): Promise<number> => {
  const marks = new Set([childMark(nonce, directory)[MARK]]);
  const found = markedWith(marks);
  await endMarked(marks, GRACE_MS, clock);
  return found.length;
};
