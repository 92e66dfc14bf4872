import { rm } from 'node:fs/promises';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import type { Completed, Failed } from './engines/index.ts';

/** A finished attempt of which the mesh has not yet said what became of it. */
export interface Kept {
  key: string;
  workloadId: string;
  attempt: Attempt;
  /** The result, which may be a file that is ours, or why there is none. */
  outcome: Completed | Failed;
  /** The blob service's proof: for the result, or for the log of a failure. */
  receipt: Receipt | undefined;
}

/**
 * What waits to be acknowledged. The files of results are on disk, the records in memory: an agent that is killed loses
 * them, and the mesh lets the tasks be done again. Whoever keeps something waits for what `keep` returns before anybody
 * is told of it, so that a durable outbox can take this one's place.
 */
export interface Outbox {
  /** Keeps an attempt, or what has been learnt about it since. */
  keep(kept: Kept): Promise<void> | undefined;
  get(key: string): Kept | undefined;
  /** The mesh has decided: removes the record and the file. */
  forget(key: string): void;
  size(): number;
}

const fileOf = ({ outcome }: Kept): string | undefined => (outcome.kind === 'completed' ? outcome.file : undefined);

/** One that is gone already is no trouble. */
const removeFile = (file: string | undefined): void => {
  if (file !== undefined) {
    void rm(file, { force: true }).catch(() => undefined);
  }
};

/** An outbox whose records are in memory. */
export const createOutbox = (): Outbox => {
  const records = new Map<string, Kept>();
  return {
    keep(kept) {
      const before = records.get(kept.key);
      if (before !== undefined && fileOf(before) !== fileOf(kept)) {
        removeFile(fileOf(before));
      }
      records.set(kept.key, kept);
      return undefined;
    },
    get: (key) => records.get(key),
    forget(key) {
      const kept = records.get(key);
      if (kept !== undefined) {
        records.delete(key);
        removeFile(fileOf(kept));
      }
    },
    size: () => records.size,
  };
};
