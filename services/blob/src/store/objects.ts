import type { Collection, Filter } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

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
  /** Set for a project, whose blob is its manifest. */
  project?: StoredProject;
}

/** What a project is made of. */
export interface StoredProject {
  /** The path and the blob of the .blend to open. */
  mainPath: string;
  mainBlob: string;
  files: number;
  totalBytes: number;
}

/** `blob` is the blob's name; a blob is at most one object. */
type ObjectDocument = Omit<StoredObject, 'id' | 'blobName' | 'createTime' | 'requestId'> & {
  _id: string;
  blob: string;
  createdAt: Date;
  requestId?: string;
};

/** Customers may have any number of objects with the same bytes. */
const MAX_ALIKE = 4;

interface ObjectPage {
  objects: StoredObject[];
  /** Where the next page begins; undefined at the end. */
  next: string | undefined;
}

/** The objects. While the database is away, every method rejects with UNAVAILABLE `mongodb`. */
export type Objects = ReturnType<typeof openObjects>;

interface ListAsk {
  customer: string | undefined;
  pageSize: number;
  after: string | undefined;
}

export const openObjects = (collection: Collection<ObjectDocument>) => {
  const findOne = (filter: Filter<ObjectDocument>): Promise<StoredObject | undefined> =>
    asUnavailable(async () => {
      const document = await collection.findOne(filter);
      return document === null ? undefined : fromDocument(document);
    });
  const findAll = (filter: Filter<ObjectDocument>): Promise<StoredObject[]> =>
    asUnavailable(async () => {
      const found = collection.find(filter).sort({ createdAt: -1, _id: -1 });
      return (await found.toArray()).map(fromDocument);
    });
  return {
    /** False if its blob is an object already, or its request was answered before. */
    async insert(object: StoredObject): Promise<boolean> {
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
    find: (id: string) => findOne({ _id: id }),
    findByBlob: (customer: string, blobName: string) => findOne({ customer, blob: blobName }),
    /** Those of a customer among these ids, in no particular order. */
    findAmong: (customer: string, ids: readonly string[]) =>
      findAll({ _id: { $in: [...ids] }, customer }),
    /** Those of a customer with these bytes, of each hash the newest ones, the newest first. */
    findByContent: (customer: string, sha256: readonly string[]): Promise<StoredObject[]> =>
      asUnavailable(async () => {
        const newest = { n: MAX_ALIKE, sortBy: { createdAt: -1, _id: -1 }, output: '$$ROOT' };
        const found = collection.aggregate<{ newest: ObjectDocument[] }>([
          { $match: { customer, sha256: { $in: [...new Set(sha256)] } } },
          { $group: { _id: '$sha256', newest: { $topN: newest } } },
        ]);
        return (await found.toArray()).flatMap((alike) => alike.newest.map(fromDocument));
      }),
    findByRequest: (customer: string, requestId: string) => findOne({ customer, requestId }),
    /** The newest first; without a customer, those of all. `after` is the `next` of the page before. */
    list: ({ customer, pageSize, after }: ListAsk): Promise<ObjectPage> =>
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
    /** The names among these whose blobs are objects. */
    amongBlobs: (names: readonly string[]): Promise<ReadonlySet<string>> =>
      asUnavailable(async () => {
        const found = collection.find({ blob: { $in: [...names] } }, { projection: { blob: 1 } });
        return new Set((await found.toArray()).map(({ blob }) => blob));
      }),
    /** Succeeds even if there is none. */
    delete: (id: string): Promise<void> =>
      asUnavailable(async () => void (await collection.deleteOne({ _id: id }))),
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

const toDocument = (object: StoredObject): ObjectDocument => {
  const { id: _id, blobName: blob, createTime: createdAt, requestId, ...rest } = object;
  return { _id, blob, createdAt, ...rest, ...(requestId === undefined ? {} : { requestId }) };
};

const fromDocument = (document: ObjectDocument): StoredObject => {
  const { _id: id, blob: blobName, createdAt: createTime, requestId, ...rest } = document;
  return { id, blobName, createTime, requestId, ...rest };
};
