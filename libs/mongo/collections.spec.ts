import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Document, Filter, Sort } from 'mongodb';
import { startMongod, type TestMongod, testLog } from '#libs/testing/index.ts';
import {
  collection,
  type CollectionName,
  connectMongo,
  declarations,
  duplicateKey,
  ensureCollections,
  type Store,
} from './index.ts';

describe('collections', () => {
  let mongod: TestMongod;
  let store: Store;

  before(async () => {
    mongod = await startMongod();
    store = await connectMongo({ url: mongod.url, database: 'collections', logger: testLog });
  });
  after(async () => {
    await store.close();
    await mongod[Symbol.asyncDispose]();
  });

  const insert = (name: CollectionName, document: Document) =>
    collection(store.db, name).insertOne(document);
  /** The fields of the index that refuses a document; undefined when it is taken. */
  const refusal = async (
    name: CollectionName,
    document: Document,
  ): Promise<readonly string[] | undefined> => {
    try {
      await insert(name, document);
      return undefined;
    } catch (thrown) {
      const key = duplicateKey(thrown);
      if (key === undefined) {
        throw thrown;
      }
      return key;
    }
  };

  it('can be made by several processes at once, and again, with all their indexes', async () => {
    const db = store.db;
    await Promise.all([ensureCollections(db), ensureCollections(db), ensureCollections(db)]);
    for (const [name, indexes] of Object.entries(declarations)) {
      if (indexes.length === 0) {
        continue;
      }
      const made = await db.collection(name).indexes();
      expect(made.map(({ key }) => key as object)).to.deep.include.members(
        indexes.map(({ key }) => key),
      );
    }
  });

  it('allow one document per journal position, and one acceptance per result', async () => {
    await insert('journal', { workload: 'w-1', n: 1, accepted: ['frames/1/0', 'frames/2/0'] });
    expect(await refusal('journal', { workload: 'w-1', n: 1 })).to.deep.equal(['workload', 'n']);
    const again = { workload: 'w-1', n: 2, accepted: ['frames/3/0', 'frames/2/0'] };
    expect(await refusal('journal', again)).to.deep.equal(['workload', 'accepted']);
    expect(await refusal('journal', { workload: 'w-2', n: 1, accepted: ['frames/1/0'] })).to.equal(
      undefined,
    );
    expect(await refusal('journal', { workload: 'w-1', n: 2 })).to.equal(undefined);
    expect(await refusal('journal', { workload: 'w-1', n: 3 })).to.equal(undefined);
  });

  it('allow one workload per slot of a customer, and any number without a slot', async () => {
    await insert('workloads', { customer: 'alice', slot: 0 });
    expect(await refusal('workloads', { customer: 'alice', slot: 0 })).to.deep.equal([
      'customer',
      'slot',
    ]);
    expect(await refusal('workloads', { customer: 'bob', slot: 0 })).to.equal(undefined);
    expect(await refusal('workloads', { customer: 'alice' })).to.equal(undefined);
    expect(await refusal('workloads', { customer: 'alice' })).to.equal(undefined);
  });

  it('allow one use of a request id per customer', async () => {
    await insert('workloads', { customer: 'carol', requestId: 'r' });
    expect(await refusal('workloads', { customer: 'carol', requestId: 'r' })).to.deep.equal([
      'customer',
      'requestId',
    ]);
  });

  const lookups: [what: string, name: CollectionName, filter: Filter<Document>, sort?: Sort][] = [
    [
      'a journal from a position on',
      'journal',
      { workload: 'w-1', n: { $gt: 5 } },
      { workload: 1, n: 1 },
    ],
    ['one position of a journal', 'journal', { workload: 'w-1', n: 5 }],
    ['the position that accepted a result', 'journal', { workload: 'w-1', accepted: 'frames/1/0' }],
    ['a snapshot', 'snapshots', { workload: 'w-1' }],
    ['the workloads of an owner', 'workloads', { owner: 'i-1' }],
    ['a start that was said again', 'workloads', { customer: 'alice', requestId: 'r' }],
    [
      "a customer's workloads, newest first",
      'workloads',
      { customer: 'alice' },
      { createdAt: -1, _id: -1 },
    ],
    ['all workloads, newest first', 'workloads', {}, { createdAt: -1, _id: -1 }],
    [
      "a customer's objects, newest first",
      'objects',
      { customer: 'alice' },
      { createdAt: -1, _id: -1 },
    ],
    ['the users of a manager', 'users', { manager: 'i-1' }],
  ];
  for (const [what, name, filter, sort] of lookups) {
    it(`find ${what} by an index alone`, async () => {
      const cursor = collection(store.db, name).find(filter);
      const plan = JSON.stringify(
        await (sort === undefined ? cursor : cursor.sort(sort)).explain('queryPlanner'),
      );
      expect(plan).to.include('IXSCAN');
      expect(plan).not.to.include('COLLSCAN');
      expect(plan).not.to.include('"stage":"SORT"');
    });
  }
});
