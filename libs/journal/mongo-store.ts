import type { Collection, Document } from 'mongodb';
import { duplicateKey } from '#libs/mongo/index.ts';
import type { JournalDocument, JournalStore, Snapshot } from './store.ts';

const WITHOUT_ID = { projection: { _id: 0 } } as const;

/**
 * Journals in MongoDB. Both collections need journaled majority writes, majority reads from the primary, and the unique
 * indexes on {workload, n}, {workload, accepted} and, for snapshots, {workload}.
 */
export const createMongoJournalStore = <E>(
  journal: Collection<JournalDocument<E> & Document>,
  snapshots: Collection<Snapshot & Document>,
): JournalStore<E> => ({
  insert: async (document) => {
    try {
      // The driver adds an _id to the object; a copy keeps our document unchanged for a second try.
      await journal.insertOne({ ...document });
      return { kind: 'written' };
    } catch (cause) {
      const key = duplicateKey(cause);
      return key === undefined
        ? { kind: 'unknown', cause }
        : { kind: 'duplicate', key: key.includes('accepted') ? 'accepted' : 'position' };
    }
  },
  find: async (workload, n) =>
    (await journal.findOne({ workload, n } as never, WITHOUT_ID)) ?? undefined,
  findAccepted: async (workload, key) =>
    (await journal.findOne({ workload, accepted: key } as never, WITHOUT_ID)) ?? undefined,
  read: (workload, after) =>
    journal.find({ workload, n: { $gt: after } } as never, {
      ...WITHOUT_ID,
      sort: { workload: 1, n: 1 },
    }),
  readSnapshot: async (workload) =>
    (await snapshots.findOne({ workload } as never, WITHOUT_ID)) ?? undefined,
  writeSnapshot: async (snapshot) => {
    const older = { workload: snapshot.workload, n: { $lt: snapshot.n } };
    try {
      await snapshots.replaceOne(older, snapshot, { upsert: true });
    } catch (thrown) {
      // The upsert of an older snapshot collides with the later one, which is good enough.
      if (duplicateKey(thrown) === undefined) {
        throw thrown;
      }
    }
  },
});
