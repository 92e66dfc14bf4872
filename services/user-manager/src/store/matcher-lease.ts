import type { Collection } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

/** The one document of the collection `matcher`. */
export interface MatcherDocument {
  _id: string;
  /** The instance that matches; null after it has resigned. */
  leader: string | null;
  /** Grows each time that another instance takes the lease. */
  term: number;
}

const ID = 'matcher';

/** Who matches. A beat says who should try to take the lease; this compare-and-set says who may. */
export interface MatcherLease {
  read(): Promise<MatcherDocument | undefined>;
  /** Takes the lease as it was read; false when somebody else did. */
  take(from: MatcherDocument | undefined, instance: string): Promise<boolean>;
  resign(instance: string): Promise<void>;
}

/** The lease in MongoDB. All methods throw UNAVAILABLE `mongodb` while it is away. */
export const openMatcherLease = (collection: Collection<MatcherDocument>): MatcherLease => ({
  async read() {
    return (await asUnavailable(() => collection.findOne({ _id: ID }))) ?? undefined;
  },
  async take(from, instance) {
    try {
      const { leader, term } = from ?? { leader: null, term: 0 };
      const result = await asUnavailable(() =>
        collection.updateOne(
          { _id: ID, leader, term },
          { $set: { leader: instance, term: term + 1 } },
          { upsert: true },
        ),
      );
      return result.modifiedCount + result.upsertedCount === 1;
    } catch (thrown) {
      // The document is another one than was read, so the upsert ran into it.
      if (duplicateKey(thrown) === undefined) {
        throw thrown;
      }
      return false;
    }
  },
  async resign(instance) {
    await asUnavailable(() =>
      collection.updateOne({ _id: ID, leader: instance }, { $set: { leader: null } }),
    );
  },
});
