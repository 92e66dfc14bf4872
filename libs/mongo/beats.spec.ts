import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Clock } from '#libs/clock/index.ts';
import {
  eventually,
  fakeClock,
  type FakeClock,
  startMongod,
  type TestMongod,
  testLog,
} from '#libs/testing/index.ts';
import {
  type BeatDocument,
  type Beats,
  connectMongo,
  type Peers,
  startBeats,
  type Store,
} from './index.ts';

describe('startBeats', () => {
  let mongod: TestMongod;
  let store: Store;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    mongod = await startMongod();
    store = await connectMongo({ url: mongod.url, database: 'beats', logger: testLog });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) {
      await stop();
    }
    await store.db.collection('supervisors').deleteMany({});
  });
  after(async () => {
    await store.close();
    await mongod[Symbol.asyncDispose]();
  });

  const collection = () => store.db.collection<BeatDocument>('supervisors');

  /** One replica with a clock of its own, and what it saw in its last round. */
  const replica = async (instance: string, clock: Clock = fakeClock()) => {
    let rounds = 0;
    let peers: Peers | undefined;
    const beats: Beats = await startBeats({
      collection: collection(),
      instance,
      clock,
      logger: testLog,
      info: () => ({ load: 3 }),
      onRound: async (seen) => {
        rounds += 1;
        peers = seen;
      },
    });
    stops.push(() => beats.stop());
    const roundsDone = (wanted: number) => eventually(() => expect(rounds).to.be.at.least(wanted));
    await roundsDone(1);
    return {
      peers: () => peers,
      stop: () => beats.stop(),
      /** Lets so many seconds pass for this replica alone, with one round per second. */
      pass: async (seconds: number) => {
        for (let second = 0; second < seconds; second += 1) {
          const next = rounds + 1;
          await (clock as FakeClock).advance(1_000);
          await roundsDone(next);
        }
      },
    };
  };

  it('shows each replica the others with their info', async () => {
    await replica('i-1');
    const second = await replica('i-2');
    expect(Object.fromEntries(second.peers()?.living ?? [])).to.deep.equal({
      'i-1': { load: 3 },
      'i-2': { load: 3 },
    });
    expect(second.peers()?.isGone('i-1')).to.equal(false);
    expect(second.peers()?.isGone('i-3')).to.equal(true);
  });

  it('declares a replica dead whose beat stands still, by the observer’s own clock', async () => {
    await replica('frozen');
    const observer = await replica('observer');
    await observer.pass(2);
    expect([...(observer.peers()?.dead ?? [])]).to.deep.equal([]);
    await observer.pass(1);
    expect([...(observer.peers()?.dead ?? [])]).to.deep.equal(['frozen']);
    expect(observer.peers()?.isGone('frozen')).to.equal(true);
  });

  it('counts a replica that beats again among the living', async () => {
    const sleeper = await replica('sleeper');
    const observer = await replica('observer');
    await observer.pass(3);
    expect(observer.peers()?.isGone('sleeper')).to.equal(true);
    await sleeper.pass(1);
    await observer.pass(1);
    expect(observer.peers()?.isGone('sleeper')).to.equal(false);
  });

  it('never declares itself dead', async () => {
    const alone = await replica('alone');
    await alone.pass(5);
    expect(alone.peers()?.isGone('alone')).to.equal(false);
  });

  it('removes its document when it stops, and nobody waits for its beat', async () => {
    const leaving = await replica('leaving');
    const observer = await replica('observer');
    await leaving.stop();
    await observer.pass(1);
    expect(observer.peers()?.isGone('leaving')).to.equal(true);
    expect(await collection().countDocuments({ _id: 'leaving' })).to.equal(0);
  });

  it('goes on beating after an outage, and after a round that failed', async () => {
    const clock = fakeClock();
    let rounds = 0;
    const beats = await startBeats({
      collection: collection(),
      instance: 'i-1',
      clock,
      logger: testLog,
      onRound: async () => {
        rounds += 1;
        if (rounds === 2) {
          throw new Error('a round went wrong');
        }
      },
    });
    stops.push(() => beats.stop());
    await eventually(() => expect(rounds).to.equal(1));
    await clock.advance(1_000);
    await eventually(() => expect(rounds).to.equal(2));
    await mongod.kill('SIGKILL');
    await clock.advance(1_000);
    await mongod.restart();
    await eventually(
      async () => {
        await clock.advance(1_000);
        expect(rounds).to.be.at.least(4);
      },
      { withinMs: 15_000, everyMs: 200 },
    );
  });
});
