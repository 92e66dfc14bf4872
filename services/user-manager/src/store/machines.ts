import type { Collection, Filter } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

export interface MachineDocument {
  _id: string;
  name: string;
  createdAtMs: number;
  /** When it last connected or disconnected. */
  lastSeenAtMs?: number;
  /** Whose it is; unset if nobody said. */
  owner?: string;
  /** Results that others made again alike; unset before the first. */
  goodLooks?: number;
  /** Results that the mesh found to be other than it reported; unset before the first. */
  contradictions?: number;
  /** Set once others made something else of its tasks. */
  barred?: { reason: string; workload: string; atMs: number };
  /** The request that enrolled it, where it had an id, and a hash of what it asked for. */
  requestId?: string;
  requestHash?: string;
}

/** So many good looks in a row make up for what was found before. */
const FORGIVEN_AFTER = 10;

export type Enrolment =
  | { kind: 'created'; machine: MachineDocument }
  /** The same request came before. */
  | { kind: 'repeated'; machine: MachineDocument }
  /** Its id came before with another request. */
  | { kind: 'request-id-reused' }
  | { kind: 'name-taken' };

/** The machines that may connect. All methods throw UNAVAILABLE `mongodb` while MongoDB is away. */
export type Machines = ReturnType<typeof openMachines>;

export const openMachines = (collection: Collection<MachineDocument>) => {
  const findOne = async (filter: Filter<MachineDocument>): Promise<MachineDocument | undefined> =>
    (await asUnavailable(() => collection.findOne(filter))) ?? undefined;

  const refused = async ({ requestId, requestHash }: MachineDocument): Promise<Enrolment> => {
    const earlier = requestId === undefined ? undefined : await findOne({ requestId });
    if (earlier === undefined) {
      return { kind: 'name-taken' };
    }
    return earlier.requestHash === requestHash
      ? { kind: 'repeated', machine: earlier }
      : { kind: 'request-id-reused' };
  };

  return {
    async enrol(machine: MachineDocument): Promise<Enrolment> {
      try {
        await asUnavailable(() => collection.insertOne(machine));
        return { kind: 'created', machine };
      } catch (thrown) {
        if (duplicateKey(thrown) === undefined) {
          throw thrown;
        }
        return refused(machine);
      }
    },
    get: (id: string) => findOne({ _id: id }),
    /** By name, at most `limit`, those after the name `after`. */
    list: ({ after, limit }: { after?: string; limit: number }): Promise<MachineDocument[]> =>
      asUnavailable(() =>
        collection
          .find(after === undefined ? {} : { name: { $gt: after } })
          .sort({ name: 1 })
          .limit(limit)
          .toArray(),
      ),
    /** Notes that it was seen; undefined when there is no such machine. */
    async seen(id: string, nowMs: number): Promise<MachineDocument | undefined> {
      const update = { $set: { lastSeenAtMs: nowMs } };
      return (
        (await asUnavailable(() => collection.findOneAndUpdate({ _id: id }, update))) ?? undefined
      );
    },
    /** Notes results that others made again alike. */
    async looked(id: string, good: number): Promise<void> {
      await asUnavailable(() => collection.updateOne({ _id: id }, { $inc: { goodLooks: good } }));
    },
    /** Notes a result that was not what it had reported. How many these are; undefined if there is no such machine. */
    async contradicted(id: string): Promise<number | undefined> {
      const [good, before] = [{ $ifNull: ['$goodLooks', 0] }, { $ifNull: ['$contradictions', 0] }];
      const contradictions = {
        $cond: [{ $gte: [good, FORGIVEN_AFTER] }, 1, { $add: [before, 1] }],
      };
      const update = [{ $set: { contradictions, goodLooks: 0 } }];
      const found = await asUnavailable(() =>
        collection.findOneAndUpdate({ _id: id }, update, { returnDocument: 'after' }),
      );
      return found?.contradictions;
    },
    /** Bars it. Whether there is such a machine that was not barred. */
    async bar(id: string, barred: NonNullable<MachineDocument['barred']>): Promise<boolean> {
      const filter = { _id: id, barred: { $exists: false } };
      const update = { $set: { barred, goodLooks: 0 } };
      return (await asUnavailable(() => collection.updateOne(filter, update))).modifiedCount > 0;
    },
    /** Those that were barred last, newest first. */
    barred: (limit: number): Promise<MachineDocument[]> =>
      asUnavailable(() =>
        collection
          .find({ barred: { $exists: true } })
          .sort({ 'barred.atMs': -1 })
          .limit(limit)
          .toArray(),
      ),
    /** Those of the ids that are enrolled. */
    async existing(ids: readonly string[]): Promise<Set<string>> {
      const found = await asUnavailable(() =>
        collection.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } }).toArray(),
      );
      return new Set(found.map(({ _id }) => _id));
    },
    /** Whether there was one. */
    async remove(id: string): Promise<boolean> {
      return (await asUnavailable(() => collection.deleteOne({ _id: id }))).deletedCount > 0;
    },
  };
};
