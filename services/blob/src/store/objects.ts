import type { Collection, Filter } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

export interface ObjectDocument {
  _id: string;
  customer: string;
  fileName: string;
  /** The blob's name. A blob is at most one object. */
  blob: string;
  sizeBytes: number;
  sha256: string;
  createdAt: Date;
  requestId?: string;
}

/** A customer's file, as workloads refer to it. */
export interface StoredObject {
  id: string;
  customer: string;
  fileName: string;
  blobName: string;
  sizeBytes: number;
  sha256: string;
  createTime: Date;
  /** The id of the request that made it. */
  requestId: string | undefined;
}

export interface ObjectPage {
  objects: StoredObject[];
  /** Where the next page begins; undefined at the end. */
  next: string | undefined;
}

/** The objects. While the database is away, every method rejects with UNAVAILABLE `mongodb`. */
export interface Objects {
  /** False if its blob is an object already, or its request was answered before. */
  insert(object: StoredObject): Promise<boolean>;
  find(id: string): Promise<StoredObject | undefined>;
  findByBlob(customer: string, blobName: string): Promise<StoredObject | undefined>;
  findByRequest(customer: string, requestId: string): Promise<StoredObject | undefined>;
  /** The newest first; without a customer, those of all. `after` is the `next` of the page before. */
  list(ask: {
    customer: string | undefined;
    pageSize: number;
    after: string | undefined;
  }): Promise<ObjectPage>;
  /** The names among these whose blobs are objects. */
  amongBlobs(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Succeeds even if there is none. */
  delete(id: string): Promise<void>;
}

export const openObjects = (collection: Collection<ObjectDocument>): Objects => {
  const findOne = (filter: Filter<ObjectDocument>): Promise<StoredObject | undefined> =>
    asUnavailable(async () => {
      const document = await collection.findOne(filter);
      return document === null ? undefined : fromDocument(document);
    });
  return {
    async insert(object) {
      try {
        await asUnavailable(() => collection.insertOne(toDocument(object)));
        return true;
      } catch (error) {
        if (duplicateKey(error) !== undefined) {
          return false;
        }
        throw error;
      }
    },
    find: (id) => findOne({ _id: id }),
    findByBlob: (customer, blobName) => findOne({ customer, blob: blobName }),
    findByRequest: (customer, requestId) => findOne({ customer, requestId }),
    list: ({ customer, pageSize, after }) =>
      asUnavailable(async () => {
        const filter = { ...(customer === undefined ? {} : { customer }), ...olderThan(after) };
        // One more than wanted tells whether there is a next page.
        const found = await collection
          .find(filter)
          .sort({ createdAt: -1, _id: -1 })
          .limit(pageSize + 1)
          .toArray();
        const page = found.slice(0, pageSize);
        const last = page.at(-1);
        const next = found.length > pageSize && last !== undefined ? positionOf(last) : undefined;
        return { objects: page.map(fromDocument), next };
      }),
    amongBlobs: (names) =>
      asUnavailable(async () => {
        const found = collection.find({ blob: { $in: [...names] } }, { projection: { blob: 1 } });
        return new Set((await found.toArray()).map(({ blob }) => blob));
      }),
    delete: (id) => asUnavailable(async () => void (await collection.deleteOne({ _id: id }))),
  };
};

const positionOf = ({ createdAt, _id }: ObjectDocument): string => `${createdAt.getTime()} ${_id}`;

const olderThan = (position: string | undefined): Filter<ObjectDocument> => {
  if (position === undefined) {
    return {};
  }
  const [time = '', id = ''] = position.split(' ');
  const createdAt = new Date(Number(time));
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: id } }] };
};

const toDocument = ({
  id,
  blobName,
  createTime,
  requestId,
  ...rest
}: StoredObject): ObjectDocument => ({
  _id: id,
  blob: blobName,
  createdAt: createTime,
  ...rest,
  ...(requestId === undefined ? {} : { requestId }),
});

const fromDocument = ({
  _id,
  blob,
  createdAt,
  requestId,
  ...rest
}: ObjectDocument): StoredObject => ({
  id: _id,
  blobName: blob,
  createTime: createdAt,
  requestId,
  ...rest,
});
