import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { type DomainError, isDomainError } from '#libs/errors/index.ts';
import {
  errorOf,
  eventually,
  freePort,
  startMongod,
  startProxy,
  type TestMongod,
  testLog,
} from '#libs/testing/index.ts';
import { asUnavailable, connectMongo, type Store } from './index.ts';

const expectUnavailable = (error: DomainError): void => {
  expect(error.reason).to.equal('DEPENDENCY_UNAVAILABLE');
  expect(error.metadata).to.deep.equal({ dependency: 'mongodb' });
  expect(error.retryAfterMs).to.be.above(0);
};

describe('connectMongo', () => {
  let mongod: TestMongod;
  let store: Store;
  let count = 0;

  before(async () => {
    mongod = await startMongod();
    store = await connectMongo({ url: mongod.url, database: 'spec', logger: testLog });
  });
  after(async () => {
    await store.close();
    await mongod[Symbol.asyncDispose]();
  });
  let ending: AbortController;
  beforeEach(() => {
    count += 1;
    ending = new AbortController();
  });
  afterEach(() => ending.abort());
  const things = (of: Store = store) => of.db.collection<{ n: number }>(`things-${count}`);

  it('reports within a few seconds that no server answers', async () => {
    const url = `mongodb://127.0.0.1:${await freePort()}/?directConnection=true`;
    expectUnavailable(await errorOf(connectMongo({ url, database: 'spec', logger: testLog })));
  });

  it('asks for writes that a majority has on disk, and reads only those', async () => {
    expect(store.db.writeConcern).to.deep.include({ w: 'majority', j: true });
    expect(store.db.readConcern).to.deep.include({ level: 'majority' });
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`keeps what was acknowledged when mongod ends by ${signal}, and comes back by itself`, async () => {
      const acknowledged: number[] = [];
      const errors: DomainError[] = [];
      const write = async (): Promise<void> => {
        for (let n = 0; !ending.signal.aborted; n += 1) {
          try {
            await asUnavailable(() => things().insertOne({ n }));
            acknowledged.push(n);
            await asUnavailable(() => things().findOne({ n }));
          } catch (thrown) {
            if (!isDomainError(thrown)) {
              throw thrown;
            }
            errors.push(thrown);
          }
        }
      };
      const writing = write();
      await eventually(() => expect(acknowledged.length).to.be.above(20));
      await mongod.kill(signal);
      const [refused] = await Promise.all([
        errorOf(store.ping()),
        eventually(() => expect(errors).not.to.be.empty, { withinMs: 8_000 }),
      ]);
      expectUnavailable(refused);
      await mongod.restart();
      const soFar = acknowledged.length;
      await eventually(() => expect(acknowledged.length).to.be.above(soFar + 20), {
        withinMs: 10_000,
      });
      ending.abort();
      await writing;
      for (const error of errors) {
        expectUnavailable(error);
      }
      const kept = new Set((await things().find({}).toArray()).map(({ n }) => n));
      expect(acknowledged.filter((n) => !kept.has(n))).to.deep.equal([]);
    });
  }

  // The driver retries once by itself. If that fails too, the caller does not know the outcome.
  it('resolves only with the reply, and writes once if the reply is lost', async () => {
    await using proxy = await startProxy({ target: mongod.port });
    await using behind = await connectMongo({
      url: mongod.urlVia(proxy.port),
      database: 'spec',
      logger: testLog,
    });
    proxy.hold('replies');
    let isAnswered = false;
    const inserting = asUnavailable(() => things(behind).insertOne({ n: 1 })).finally(
      () => (isAnswered = true),
    );
    await eventually(async () => expect(await things().countDocuments({ n: 1 })).to.equal(1));
    expect(isAnswered).to.equal(false);
    proxy.cut();
    proxy.heal();
    await inserting.catch((thrown: unknown) => expectUnavailable(thrown as DomainError));
    expect(await things().countDocuments({ n: 1 })).to.equal(1);
  });

  it('writes once if the request is lost', async () => {
    await using proxy = await startProxy({ target: mongod.port });
    await using behind = await connectMongo({
      url: mongod.urlVia(proxy.port),
      database: 'spec',
      logger: testLog,
    });
    proxy.drop('requests');
    const inserting = things(behind).insertOne({ n: 1 });
    await proxy.caught('requests');
    expect(await things().countDocuments({ n: 1 })).to.equal(0);
    proxy.heal();
    await inserting;
    expect(await things().countDocuments({ n: 1 })).to.equal(1);
  });
});
