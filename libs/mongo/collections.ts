import type { Collection, Db, Document, IndexDescription } from 'mongodb';

/**
 * Every collection of the mesh and its indexes, in one place. The owner of a collection declares the type of its documents
 * (`services/<name>/src/store/`). The unique keys here are promises, the others make queries fast.
 */
export const declarations = {
  /** Headers, slots, owners, projections (session-supervisor). */
  workloads: [
    {
      key: { customer: 1, requestId: 1 },
      unique: true,
      partialFilterExpression: { requestId: { $exists: true } },
    },
    {
      key: { customer: 1, slot: 1 },
      unique: true,
      partialFilterExpression: { slot: { $exists: true } },
    },
    {
      key: { customer: 1, ticket: 1 },
      unique: true,
      partialFilterExpression: { ticket: { $exists: true } },
    },
    { key: { ticket: 1 }, partialFilterExpression: { ticket: { $exists: true } } },
    { key: { owner: 1 } },
    {
      key: { customer: 1, 'projection.phase': 1 },
      partialFilterExpression: { 'projection.phase': 'awaiting-approval' },
    },
    { key: { customer: 1, createdAt: -1, _id: -1 } },
    { key: { createdAt: -1, _id: -1 } },
    { key: { sweepAt: 1 }, partialFilterExpression: { sweepAt: { $exists: true } } },
    { key: { scrubbedAt: 1 } },
  ],
  /** Positions of journals (session-supervisor). */
  journal: [
    { key: { workload: 1, n: 1 }, unique: true },
    {
      key: { workload: 1, accepted: 1 },
      unique: true,
      partialFilterExpression: { accepted: { $exists: true } },
    },
  ],
  /** Folded states (session-supervisor). */
  snapshots: [{ key: { workload: 1 }, unique: true }],
  /** How many reports were refused, by user and reason (session-supervisor). */
  refusals: [{ key: { workload: 1 } }],
  /** Plans (session-supervisor). */
  customers: [],
  /** Where customers are told of ends (session-supervisor). */
  webhooks: [],
  /** Ends that customers are to be told of, or were told of (session-supervisor). */
  deliveries: [
    { key: { dueAt: 1 }, partialFilterExpression: { dueAt: { $exists: true } } },
    { key: { customer: 1, createdAt: 1 } },
    { key: { createdAt: 1 }, expireAfterSeconds: 30 * 86_400 },
  ],
  /** Beats of session-supervisors. */
  supervisors: [],
  /** Beats of user-managers. */
  managers: [],
  /** Beats of port-brokers, by host. */
  brokers: [],
  /** The host of each thing that exists once in the mesh: servers of cases, consoles, requests (port-broker). */
  places: [{ key: { at: 1 }, expireAfterSeconds: 30 * 86_400 }],
  /** Which user-manager matches: one document. */
  matcher: [],
  /** Connected compute users (user-manager). */
  users: [{ key: { manager: 1 } }, { key: { session: 1 } }],
  /** Enrolled machines (user-manager). */
  machines: [
    { key: { name: 1 }, unique: true },
    {
      key: { requestId: 1 },
      unique: true,
      partialFilterExpression: { requestId: { $exists: true } },
    },
    { key: { 'barred.atMs': -1 }, sparse: true },
  ],
  /** Customers' files (blob). */
  objects: [
    {
      key: { customer: 1, requestId: 1 },
      unique: true,
      partialFilterExpression: { requestId: { $exists: true } },
    },
    { key: { blob: 1 }, unique: true },
    { key: { sha256: 1, customer: 1 } },
    { key: { customer: 1, createdAt: -1, _id: -1 } },
    { key: { createdAt: -1, _id: -1 } },
  ],
  /** What is staged of uploads that are under way or were cut off (blob). */
  keptUploads: [{ key: { owner: 1, sha256: 1 } }, { key: { updatedAt: 1 } }],
} as const satisfies Record<string, readonly IndexDescription[]>;

export type CollectionName = keyof typeof declarations;

/** Makes missing collections and indexes, of all or of some. Safe to repeat, also by several processes at once. */
export const ensureCollections = async (
  db: Db,
  names: readonly CollectionName[] = Object.keys(declarations) as CollectionName[],
): Promise<void> => {
  await Promise.all(
    names.map(async (name) => {
      const indexes = declarations[name];
      if (indexes.length === 0) {
        return;
      }
      await db.collection(name).createIndexes([...indexes] as IndexDescription[]);
    }),
  );
};

/** A declared collection with its owner's document type. */
export const collection = <D extends Document>(db: Db, name: CollectionName): Collection<D> =>
  db.collection<D>(name);
