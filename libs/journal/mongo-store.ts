import { MongoServerError, type Collection, type Document } from 'mongodb';
import type { JournalDocument, Snapshot } from './document.ts';
import type { InsertOutcome, JournalStore } from './store.ts';

const DUPLICATE_KEY = 11_000;

/**
 * Journals in MongoDB. Both collections need journaled majority writes, majority reads from the primary, and the unique
 * indexes on {workload, n}, {workload, accepted} and, for snapshots, {workload}.
 */
export const mongoJournalStore = <E>(
  journal: Collection<JournalDocument<E> & Document>,
  snapshots: Collection<Snapshot & Document>,
): JournalStore<E> => ({
  insert: async (document) => {
    try {
      // The driver adds an _id to the object; a copy keeps our document unchanged for a second try.
      await journal.insertOne({ ...document });
      return { kind: 'written' };
    } catch (thrown) {
      return refusal(thrown);
    }
  },
  find: async (workload, n) =>
    (await journal.findOne({ workload, n } as never, WITHOUT_ID)) ?? undefined,
  read: (workload, after) =>
    journal.find({ workload, n: { $gt: after } } as never, {
      ...WITHOUT_ID,
      sort: { workload: 1, n: 1 },
    }),
  readSnapshot: async (workload) =>
    (await snapshots.findOne({ workload } as never, WITHOUT_ID)) ?? undefined,
  writeSnapshot: async (snapshot) => {
    try {
      await snapshots.replaceOne(
        { workload: snapshot.workload, n: { $lt: snapshot.n } },
        snapshot,
        {
          upsert: true,
        },
      );
    } catch (thrown) {
      // The upsert of an older snapshot collides with the later one, which is good enough.
      if (!isDuplicate(thrown)) {
        throw thrown;
      }
    }
  },
});

const WITHOUT_ID = { projection: { _id: 0 } } as const;

const isDuplicate = (thrown: unknown): thrown is MongoServerError =>
  thrown instanceof MongoServerError && thrown.code === DUPLICATE_KEY;

const refusal = (thrown: unknown): InsertOutcome => {
  if (!isDuplicate(thrown)) {
    return { kind: 'unknown', cause: thrown };
  }
  const keys = Object.keys((thrown['keyPattern'] as Record<string, unknown> | undefined) ?? {});
  return { kind: 'duplicate', key: keys.includes('accepted') ? 'accepted' : 'position' };
};
