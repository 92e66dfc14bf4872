import type { JournalStore } from '#libs/journal/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { folding } from './folding.ts';

interface SnapshotsOptions {
  store: Pick<JournalStore<Entry>, 'writeSnapshot'>;
  logger: Logger;
  /** The position at which this replica began to write. */
  from: number;
}

/** Stores the fold of a long journal, because a reader then need not fold from the start. Snapshots only save time. */
interface Snapshots {
  /** Takes a durable state. Returns at once and writes a snapshot, if one is due, in the background. */
  written(state: WorkloadState): void;
  /** Resolves when no write is running. */
  close(): Promise<void>;
}

/** Positions between two snapshots. A reader folds at most about this many, which takes a few tens of milliseconds. */
const EVERY = 1_000;

export const createSnapshots = ({ store, logger, from }: SnapshotsOptions): Snapshots => {
  let last = from;
  let writing: Promise<void> | undefined;

  const write = async (state: WorkloadState): Promise<void> => {
    const { header, position: n } = state;
    const { version: foldVersion } = folding;
    try {
      const frozen = folding.freeze(state);
      await store.writeSnapshot({ workload: header.id, n, foldVersion, state: frozen });
    } catch (err) {
      logger.warn({ err, position: n }, 'a snapshot was not written; the next one will be');
    } finally {
      writing = undefined;
    }
  };

  return {
    written: (state) => {
      const isDue = Math.floor(state.position / EVERY) > Math.floor(last / EVERY);
      if (isDue && writing === undefined) {
        last = state.position;
        writing = write(state);
      }
    },
    close: async () => writing,
  };
};
