import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Db, MongoClient, MongoServerError } from 'mongodb';
import { errorOf, startMongod, type TestMongod, testLog, urlAs } from '#libs/testing/index.ts';
import {
  type Action,
  type CollectionName,
  connectMongo,
  declarations,
  ensureCollections,
  mongoRights,
  mongoServices,
} from './index.ts';

const DATABASE = 'walk';
const UNAUTHORIZED = 13;

const collections = Object.keys(declarations) as CollectionName[];

type Deed = (db: Db, name: string) => Promise<unknown>;

const nothing = { _id: 'nothing' } as object;

/** Each does something that MongoDB asks this one right for, and changes no document but its own. */
const deeds: Record<Action, Deed> = {
  find: (db, name) => db.collection(name).findOne(nothing),
  insert: (db, name) => db.collection(name).insertOne({ by: 'walk' }),
  update: (db, name) => db.collection(name).updateOne(nothing, { $set: { by: 'walk' } }),
  remove: (db, name) => db.collection(name).deleteOne(nothing),
  createIndex: (db, name) => db.collection(name).createIndex({ walk: 1 }, { sparse: true }),
};

/** What nobody but the operator may. */
const others: Record<string, Deed> = {
  'drop it': (db, name) => db.collection(name).drop(),
  'drop an index': (db, name) => db.collection(name).dropIndexes(),
  'change its options': (db, name) => db.command({ collMod: name, validator: {} }),
  'watch it': (db, name) => db.collection(name).watch().tryNext(),
};

const isAllowed = async (deed: Promise<unknown>): Promise<boolean> => {
  try {
    await deed;
    return true;
  } catch (thrown) {
    if (thrown instanceof MongoServerError && thrown.code === UNAUTHORIZED) {
      return false;
    }
    // Documents of this spec meet unique indexes.
    if (thrown instanceof MongoServerError && thrown.code === 11_000) {
      return true;
    }
    throw thrown;
  }
};

describe('rights in MongoDB', () => {
  let mongod: TestMongod;
  before(async () => {
    mongod = await startMongod({ database: DATABASE });
    await using root = new MongoClient(mongod.url);
    await ensureCollections(root.db(DATABASE));
  });
  after(() => mongod[Symbol.asyncDispose]());

  const urlOf = (service: string): string => {
    const url = new URL(urlAs(mongod.url, service));
    url.searchParams.set('authSource', DATABASE);
    return url.href;
  };

  for (const service of mongoServices) {
    it(`let ${service} do with each collection what it needs, and nothing else`, async () => {
      await using client = new MongoClient(urlOf(service));
      const db = client.db(DATABASE);
      const done: Record<string, string[]> = {};
      const expected: Record<string, string[]> = {};
      for (const name of collections) {
        const all = Object.entries({ ...deeds, ...others });
        const answers = await Promise.all(
          all.map(async ([what, deed]) => ((await isAllowed(deed(db, name))) ? [what] : [])),
        );
        done[name] = answers.flat().sort();
        expected[name] = mongoRights(service, name).sort();
      }
      expect(done).to.deep.equal(expected);
    });

    it(`let ${service} reach no other database, no users, no roles and no settings`, async () => {
      await using client = new MongoClient(urlOf(service));
      for (const deed of [
        () => client.db('muster').collection('objects').findOne({}),
        () => client.db('local').collection('oplog.rs').findOne({}),
        () => client.db('admin').collection('system.users').findOne({}),
        () => client.db(DATABASE).command({ usersInfo: 1 }),
        () => client.db(DATABASE).command({ updateUser: service, roles: ['dbOwner'] }),
        () => client.db(DATABASE).command({ grantRolesToUser: service, roles: ['readWrite'] }),
        () => client.db(DATABASE).collection('else').insertOne({}),
        () => client.db('admin').command({ serverStatus: 1 }),
        () => client.db('admin').command({ setParameter: 1, logLevel: 1 }),
      ]) {
        expect(await isAllowed(deed()), String(deed)).to.equal(false);
      }
    });
  }

  it('let nobody change what a journal says, and only supervisors read it', () => {
    for (const service of mongoServices) {
      expect(mongoRights(service, 'journal')).to.deep.equal(
        service === 'session-supervisor' ? ['find', 'insert', 'createIndex'] : [],
      );
    }
  });

  it('are named when a service starts with a user that lacks them, or that is not let in', async () => {
    const connect = (url: string) =>
      connectMongo({ url, database: DATABASE, service: 'blob', logger: testLog });
    const lacking = await errorOf(connect(urlOf('port-broker')));
    expect(lacking).to.include({ reason: 'MONGODB_REFUSES' });
    expect(lacking.message).to.include('tools/store-users.ts');
    const stranger = await errorOf(connect(urlOf('nobody')));
    expect(stranger).to.include({ reason: 'MONGODB_REFUSES' });
    expect(stranger.message).to.include('MUSTER_MONGO_URL');
  });
});
