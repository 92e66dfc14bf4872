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

/**
 * Who matches. A beat says who should try to take the lease; this compare-and-set says who may. All methods throw UNAVAILABLE
 * `mongodb` while it is away.
 */
export type MatcherLease = ReturnType<typeof openMatcherLease>;

export const openMatcherLease = (collection: Collection<MatcherDocument>) => ({
  async read(): Promise<MatcherDocument | undefined> {
    return (await asUnavailable(() => collection.findOne({ _id: ID }))) ?? undefined;
  },
  /** Takes the lease as it was read; false when somebody else did. */
  async take(from: MatcherDocument | undefined, instance: string): Promise<boolean> {
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
  async resign(instance: string): Promise<void> {
    await asUnavailable(() =>
      collection.updateOne({ _id: ID, leader: instance }, { $set: { leader: null } }),
    );
  },
});
