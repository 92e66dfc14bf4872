import type { Collection } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

/** The one document of the collection `matcher`. */
export interface MatcherDocument {
  _id: string;
  /** The instance that matches; null after it has resigned. */
  leader: string | null;
  /** The epoch, which grows each time that another instance takes the leadership. */
  term: number;
}

/** Who leads, and since which epoch. */
interface LeadershipRecord {
  leader: string | null;
  epoch: number;
}

const ID = 'matcher';

/**
 * Who matches. A beat says who should try to take the leadership; this compare-and-set says who may. All methods throw
 * UNAVAILABLE `mongodb` while it is away.
 */
export type LeadershipStore = ReturnType<typeof openLeadershipStore>;

export const openLeadershipStore = (collection: Collection<MatcherDocument>) => ({
  async read(): Promise<LeadershipRecord | undefined> {
    const found = await asUnavailable(() => collection.findOne({ _id: ID }));
    return found === null ? undefined : { leader: found.leader, epoch: found.term };
  },
  /** Takes the leadership as it was read; false when somebody else did. */
  async take(from: LeadershipRecord | undefined, instance: string): Promise<boolean> {
    try {
      const { leader, epoch } = from ?? { leader: null, epoch: 0 };
      const result = await asUnavailable(() =>
        collection.updateOne(
          { _id: ID, leader, term: epoch },
          { $set: { leader: instance, term: epoch + 1 } },
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
