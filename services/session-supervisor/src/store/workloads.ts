import type { Collection, Filter, UpdateFilter } from 'mongodb';
import { MAX_QUEUED_WORKLOADS } from '#libs/mesh/index.ts';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';
import { FOLD_VERSION } from '../domain/state/fold.ts';
import type { WorkloadHeader, Phase } from '../domain/state/workload.ts';
import {
  nextInQueue,
  nextTicket,
  slotsForNewcomer,
  STANDING_FIELDS,
  standingOf,
  type Placed,
  type Standing,
} from './standing.ts';
import {
  QUEUE_FOLD_VERSION,
  understoodFrom,
  type Projection,
  type WorkloadDocument,
} from './workload-document.ts';

/** The result of a start. */
export type Started =
  | { kind: 'inserted' | 'repeated'; document: WorkloadDocument }
  | { kind: 'request-id-reused' }
  | Refused;

/** The refusal of a start. */
export type Refused =
  /** No slot of the plan is free, and the start does not want to wait for one. */
  | { kind: 'full'; running: string[] }
  /** As many workloads wait as may. */
  | { kind: 'queue-full' }
  /** As many workloads wait for approval as may, and this one may come to wait too. */
  | { kind: 'parked-full' };

export interface StartRecord {
  header: WorkloadHeader;
  requestId: string | undefined;
  requestHash: string;
  projection: Projection;
  owner: string;
  /** How many workloads of this customer may run at once. */
  slots: number;
  /** Whether the workload waits if no slot is free. */
  queues: boolean;
  /** How many workloads of this customer may wait for approval; undefined if this one never does. */
  parked?: number | undefined;
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
  /** Whether the workload waits if no slot is free. */
  queues: boolean;
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
  /** Why a start would be refused now; undefined if it would not. */
  refusal(
    start: Pick<StartRecord, 'slots' | 'queues' | 'parked'> & { customer: string },
  ): Promise<Refused | undefined>;
  /** The result of an earlier request with the same id; undefined if there was none. */
  repetition(
    request: Pick<StartRecord, 'requestId' | 'requestHash'> & { customer: string },
  ): Promise<Started | undefined>;
  find(id: string): Promise<WorkloadDocument | undefined>;
  /** The workloads of a customer that hold a slot, oldest first. */
  running(customer: string): Promise<WorkloadDocument[]>;
  /** The workloads of a customer that hold a slot, and those that wait for one. */
  standing(customer: string): Promise<Standing>;
  /** Gives free slots to those who wait longest. Returns who got one. */
  admit(customer: string, slots: number): Promise<string[]>;
  /** The customers with a queue. */
  queueing(): Promise<string[]>;
  list(query: ListQuery): Promise<WorkloadDocument[]>;
  /** Writes a projection unless the document has a later one. With `frees` the same update frees the slot or the place in the queue. */
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

type Place = 'slot' | 'ticket' | 'understoodFrom';
const NO_PLACE = { slot: '', ticket: '' } as const;

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

  const standing = async (customer: string): Promise<Standing> => {
    // The customer stands in both branches, so that each is answered from its index.
    const either = [
      { customer, slot: { $exists: true } },
      { customer, ticket: { $exists: true } },
    ];
    const fields = { projection: STANDING_FIELDS };
    return standingOf(
      await asUnavailable(() => workloads.find<Placed>({ $or: either }, fields).toArray()),
    );
  };

  const full = async (customer: string) => ({
    kind: 'full' as const,
    running: (await running(customer)).map(({ _id }) => _id),
  });

  /** Whether as many workloads wait for approval, or may come to, as may. */
  const isParkingFull = async (
    customer: string,
    parked: number | undefined,
    { running: those, waiting }: Standing,
  ): Promise<boolean> => {
    if (parked === undefined) {
      return false;
    }
    const left = parked - those.length - waiting.length;
    const filter = { customer, 'projection.phase': 'awaiting-approval' as const };
    return (
      left <= 0 ||
      (await asUnavailable(() => workloads.countDocuments(filter, { limit: left }))) >= left
    );
  };

  const refusal: WorkloadStore['refusal'] = async ({ customer, slots, queues, parked }) => {
    const now = await standing(customer);
    if (await isParkingFull(customer, parked, now)) {
      return { kind: 'parked-full' };
    }
    if (slotsForNewcomer(now, slots).length > 0) {
      return undefined;
    }
    if (!queues) {
      return full(customer);
    }
    return now.waiting.length >= MAX_QUEUED_WORKLOADS ? { kind: 'queue-full' } : undefined;
  };

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
    /** Undefined: somebody else has taken this slot or ticket. */
    const insert = async (place: Pick<WorkloadDocument, Place>): Promise<Started | undefined> => {
      const placed = { ...document, ...place };
      try {
        await asUnavailable(() => workloads.insertOne(placed));
      } catch (thrown) {
        const key = duplicateKey(thrown);
        if (key === undefined) {
          throw thrown;
        }
        if (!key.includes('_id')) {
          return repetition({ customer, requestId, requestHash });
        }
      }
      return { kind: 'inserted', document: placed };
    };
    for (;;) {
      const now = await standing(customer);
      if (await isParkingFull(customer, record.parked, now)) {
        const repeated = await repetition({ customer, requestId, requestHash });
        return repeated ?? { kind: 'parked-full' };
      }
      const free = slotsForNewcomer(now, slots);
      const isToWait = free.length === 0 && record.queues;
      if (isToWait && now.waiting.length >= MAX_QUEUED_WORKLOADS) {
        const repeated = await repetition({ customer, requestId, requestHash });
        return repeated ?? { kind: 'queue-full' };
      }
      // One slot is tried even if all look taken, because the failing insert then finds a repetition by its request id.
      const slotsToTry = free.length > 0 || now.waiting.length > 0 ? free : [slots - 1];
      const places = isToWait
        ? [{ ticket: nextTicket(now), understoodFrom: QUEUE_FOLD_VERSION }]
        : slotsToTry.map((slot) => ({ slot }));
      for (const place of places) {
        const started = await insert(place);
        if (started !== undefined) {
          return started;
        }
      }
      if (!record.queues) {
        const repeated = await repetition({ customer, requestId, requestHash });
        return repeated ?? full(customer);
      }
    }
  };

  const admit: WorkloadStore['admit'] = async (customer, slots) => {
    const admitted: string[] = [];
    for (;;) {
      const begins = nextInQueue(await standing(customer), slots);
      if (begins === undefined) {
        return admitted;
      }
      const { next, slot } = begins;
      try {
        const asRead = { _id: next._id, ticket: next.ticket ?? 0 };
        if (await update(asRead, { $set: { slot }, $unset: { ticket: '' } })) {
          admitted.push(next._id);
        }
      } catch (thrown) {
        // Somebody else took this slot meanwhile.
        if (duplicateKey(thrown) === undefined) {
          throw thrown;
        }
      }
    }
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

  const reopen: WorkloadStore['reopen'] = async (
    id,
    { customer, owner, position, slots, queues },
  ) => {
    const claim = async (more: { slot?: number; ticket?: number }): Promise<Reopened> => {
      const asRead = { _id: id, owner: null, 'projection.position': position };
      const change = { $set: { owner, ...more }, $unset: { sweepAt: '' as const } };
      return { kind: (await update(asRead, change)) ? 'reopened' : 'changed' };
    };
    if (slots === undefined) {
      return claim({});
    }
    for (;;) {
      const now = await standing(customer);
      const free = slotsForNewcomer(now, slots);
      const places: { slot?: number; ticket?: number }[] =
        free.length === 0 && queues
          ? [{ ticket: nextTicket(now) }]
          : free.map((slot) => ({ slot }));
      for (const place of places) {
        try {
          return await claim(place);
        } catch (thrown) {
          // Another workload took this place meanwhile.
          if (duplicateKey(thrown) === undefined) {
            throw thrown;
          }
        }
      }
      if (!queues) {
        return full(customer);
      }
    }
  };

  return {
    start,
    refusal,
    repetition,
    reopen,
    running,
    standing,
    admit,
    queueing: () =>
      asUnavailable(() => workloads.distinct('customer', { ticket: { $exists: true } })),
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
      await update(upTo, { $set: { projection }, ...(frees ? { $unset: NO_PLACE } : {}) });
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
      await update({ _id: id, owner }, { $set: { owner: null, sweepAt }, $unset: NO_PLACE });
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
