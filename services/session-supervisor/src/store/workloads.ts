import type { Collection, Filter, UpdateFilter } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';
import { FOLD_VERSION } from '../domain/state/fold.ts';
import type { WorkloadHeader, Phase } from '../domain/state/workload.ts';
import { understoodFrom, type Projection, type WorkloadDocument } from './workload-document.ts';

/** The result of a start. */
export type Started =
  | { kind: 'inserted' | 'repeated'; document: WorkloadDocument }
  | { kind: 'request-id-reused' }
  | { kind: 'full'; running: string[] };

export interface StartRecord {
  header: WorkloadHeader;
  requestId: string | undefined;
  requestHash: string;
  projection: Projection;
  owner: string;
  /** How many workloads of this customer may run at once. */
  slots: number;
}

/** The result of reopening a closed workload. `changed`: it changed since it was read, or is not closed. */
export type Reopened = { kind: 'reopened' | 'changed' } | { kind: 'full'; running: string[] };

export interface ReopenRecord {
  customer: string;
  owner: string;
  /** The position of the projection that was read with the workload. */
  position: number;
  /** How many workloads of this customer may run at once; undefined if the workload takes no slot. */
  slots: number | undefined;
}

/** The filter, the beginning and the size of a page of a list. */
export interface ListQuery {
  customer: string | undefined;
  phases: readonly Phase[];
  after: { createdAt: Date; id: string } | undefined;
  limit: number;
}

/** Headers, slots, owners and projections. Every method rejects with UNAVAILABLE while MongoDB is away. */
export interface WorkloadStore {
  start(record: StartRecord): Promise<Started>;
  /** The result of an earlier request with the same id; undefined if there was none. */
  repetition(
    request: Pick<StartRecord, 'requestId' | 'requestHash'> & { customer: string },
  ): Promise<Started | undefined>;
  find(id: string): Promise<WorkloadDocument | undefined>;
  /** The workloads of a customer that hold a slot, oldest first. */
  running(customer: string): Promise<WorkloadDocument[]>;
  list(query: ListQuery): Promise<WorkloadDocument[]>;
  /** Writes a projection unless the document has a later one. With `frees` the same update frees the slot. */
  project(id: string, projection: Projection, frees: boolean): Promise<void>;
  /** Raises `published`. */
  published(id: string, position: number): Promise<void>;
  /** The workloads of an owner. This method and those below leave out workloads that this build does not understand. */
  ownedBy(owner: string): Promise<WorkloadDocument[]>;
  /** Workloads whose owner is none of these. */
  ownedByOthers(than: readonly string[]): Promise<WorkloadDocument[]>;
  /** Makes `owner` the owner if `from` is still the owner. Returns whether it did. */
  claim(id: string, from: string, owner: string): Promise<boolean>;
  /** Gives a closed workload an owner again and, if it needs one, a slot of the customer. */
  reopen(id: string, record: ReopenRecord): Promise<Reopened>;
  /** Removes owner and slot of a closed workload. The sweeper looks at it from `sweepAt` on. */
  disown(id: string, owner: string, sweepAt: Date): Promise<void>;
  /** Closed workloads that are due for a sweep. */
  toSweep(now: Date, limit: number): Promise<WorkloadDocument[]>;
  /** Of the workloads with results not checked since `checkedBefore`, the one checked longest ago. Marks it as checked. */
  toScrub(checkedBefore: Date, now: Date): Promise<WorkloadDocument | undefined>;
  swept(id: string, sweepAt: Date | undefined): Promise<void>;
}

/** @param foldVersion the version of this build, which neither claims nor owns a workload that only a later one understands */
export const createWorkloadStore = (
  workloads: Collection<WorkloadDocument>,
  foldVersion: number = FOLD_VERSION,
): WorkloadStore => {
  const understood = { understoodFrom: { $not: { $gt: foldVersion } } };

  /** Returns whether a workload matched. */
  const update = async (
    filter: Filter<WorkloadDocument>,
    change: UpdateFilter<WorkloadDocument>,
  ): Promise<boolean> =>
    (await asUnavailable(() => workloads.updateOne(filter, change))).matchedCount === 1;

  const running = (customer: string): Promise<WorkloadDocument[]> =>
    asUnavailable(() =>
      workloads.find({ customer, slot: { $exists: true } }, { sort: { createdAt: 1 } }).toArray(),
    );

  const freeSlots = async (customer: string, slots: number): Promise<number[]> => {
    const taken = new Set((await running(customer)).map(({ slot }) => slot));
    return Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !taken.has(slot));
  };

  const full = async (customer: string) => ({
    kind: 'full' as const,
    running: (await running(customer)).map(({ _id }) => _id),
  });

  const start = async (record: StartRecord): Promise<Started> => {
    const { header, requestId, requestHash, slots } = record;
    const { id, createdAt, ...rest } = header;
    const document: WorkloadDocument = {
      _id: id,
      ...rest,
      createdAt: new Date(createdAt),
      ...understoodFrom(header),
      ...(requestId === undefined ? {} : { requestId, requestHash }),
      owner: record.owner,
      firstOwner: record.owner,
      published: 0,
      projection: record.projection,
    };
    const { customer } = header;
    const free = await freeSlots(customer, slots);
    // One slot is tried even if all look taken, because the failing insert then finds a repetition by its request id.
    for (const slot of free.length > 0 ? free : [slots - 1]) {
      const filled = { ...document, slot };
      try {
        await asUnavailable(() => workloads.insertOne(filled));
        return { kind: 'inserted', document: filled };
      } catch (thrown) {
        const key = duplicateKey(thrown);
        if (key === undefined) {
          throw thrown;
        }
        if (key.includes('_id')) {
          return { kind: 'inserted', document: filled };
        }
      }
      const repeated = await repetition({ customer, requestId, requestHash });
      if (repeated !== undefined) {
        return repeated;
      }
    }
    return full(customer);
  };

  const repetition: WorkloadStore['repetition'] = async ({ customer, requestId, requestHash }) => {
    if (requestId === undefined) {
      return undefined;
    }
    const document = await asUnavailable(() => workloads.findOne({ customer, requestId }));
    if (document === null) {
      return undefined;
    }
    return document.requestHash === requestHash
      ? { kind: 'repeated', document }
      : { kind: 'request-id-reused' };
  };

  const reopen: WorkloadStore['reopen'] = async (id, { customer, owner, position, slots }) => {
    const claim = async (more: { slot?: number }): Promise<Reopened> => {
      const asRead = { _id: id, owner: null, 'projection.position': position };
      const change = { $set: { owner, ...more }, $unset: { sweepAt: '' as const } };
      return { kind: (await update(asRead, change)) ? 'reopened' : 'changed' };
    };
    if (slots === undefined) {
      return claim({});
    }
    for (const slot of await freeSlots(customer, slots)) {
      try {
        return await claim({ slot });
      } catch (thrown) {
        // Another workload took this slot meanwhile.
        if (duplicateKey(thrown) === undefined) {
          throw thrown;
        }
      }
    }
    return full(customer);
  };

  return {
    start,
    repetition,
    reopen,
    running,
    find: async (id) => (await asUnavailable(() => workloads.findOne({ _id: id }))) ?? undefined,
    list: ({ customer, phases, after, limit }) => {
      const filter: Filter<WorkloadDocument> = {
        ...(customer === undefined ? {} : { customer }),
        ...(phases.length === 0 ? {} : { 'projection.phase': { $in: [...phases] } }),
        ...(after === undefined
          ? {}
          : {
              $or: [
                { createdAt: { $lt: after.createdAt } },
                { createdAt: after.createdAt, _id: { $lt: after.id } },
              ],
            }),
      };
      return asUnavailable(() =>
        workloads.find(filter, { sort: { createdAt: -1, _id: -1 }, limit }).toArray(),
      );
    },
    project: async (id, projection, frees) => {
      const upTo = { _id: id, 'projection.position': { $lte: projection.position } };
      await update(upTo, { $set: { projection }, ...(frees ? { $unset: { slot: '' } } : {}) });
    },
    published: async (id, position) => {
      await update({ _id: id, published: { $lt: position } }, { $set: { published: position } });
    },
    ownedBy: (owner) => asUnavailable(() => workloads.find({ owner, ...understood }).toArray()),
    ownedByOthers: (than) =>
      asUnavailable(() =>
        workloads.find({ owner: { $nin: [...than, null] }, ...understood }).toArray(),
      ),
    claim: (id, from, owner) =>
      update({ _id: id, owner: from, ...understood }, { $set: { owner } }),
    disown: async (id, owner, sweepAt) => {
      await update({ _id: id, owner }, { $set: { owner: null, sweepAt }, $unset: { slot: '' } });
    },
    toSweep: (now, limit) =>
      asUnavailable(() =>
        workloads.find({ sweepAt: { $lte: now } }, { sort: { sweepAt: 1 }, limit }).toArray(),
      ),
    toScrub: async (checkedBefore, now) => {
      const due: Filter<WorkloadDocument> = {
        // An unset time also matches and counts as long ago.
        scrubbedAt: { $not: { $gte: checkedBefore } },
        createdAt: { $lt: checkedBefore },
        'projection.completed': { $gt: 0 },
        'projection.phase': { $ne: 'stopped' },
      };
      const mark = { $set: { scrubbedAt: now } };
      const oldest = { sort: { scrubbedAt: 1 } } as const;
      const found = await asUnavailable(() => workloads.findOneAndUpdate(due, mark, oldest));
      return found ?? undefined;
    },
    swept: async (id, sweepAt) => {
      await update(
        { _id: id },
        sweepAt === undefined ? { $unset: { sweepAt: '' } } : { $set: { sweepAt } },
      );
    },
  };
};
