import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { catchUp, load, type JournalStore, type Snapshot } from './index.ts';
import {
  nothing,
  position,
  openJournals,
  summing,
  type Entry,
  type Journals,
} from './fixtures/journal.ts';

const snapshot = (n: number): Snapshot => ({ workload: 'w', n, foldVersion: 1, state: { n } });

describe('load', function () {
  this.timeout(30_000);
  let journals: Journals;
  let store: JournalStore<Entry>;
  beforeEach(async () => {
    journals = await openJournals();
    ({ store } = journals);
  });
  afterEach(() => journals[Symbol.asyncDispose]());

  const fill = async (to: number): Promise<void> => {
    for (let n = 1; n <= to; n += 1) {
      await store.insert(position(n));
    }
  };
  const fromStart = { state: { sum: 55, order: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, n: 10 };

  it('gives the initial state of an empty journal', async () => {
    expect(await load(store, 'w', nothing, summing)).to.deep.equal({ state: nothing, n: 0 });
  });

  it('gives the same state from every snapshot as from the start', async () => {
    await fill(10);
    expect(await load(store, 'w', nothing, summing)).to.deep.equal(fromStart);
    let at = { state: nothing, n: 0 };
    for await (const document of store.read('w', 0)) {
      at = { state: summing.apply(at.state, document), n: document.n };
      const state = summing.freeze(at.state);
      await store.writeSnapshot({ workload: 'w', n: at.n, foldVersion: summing.version, state });
      expect(await load(store, 'w', nothing, summing), `from ${at.n}`).to.deep.equal(fromStart);
    }
  });

  it('folds from the start if the snapshot is of another version or cannot be read', async () => {
    await fill(10);
    await store.writeSnapshot({
      workload: 'w',
      n: 4,
      foldVersion: summing.version - 1,
      state: { total: 1_000, order: [] },
    });
    expect(await load(store, 'w', nothing, summing)).to.deep.equal(fromStart);
    await store.writeSnapshot({
      workload: 'w',
      n: 5,
      foldVersion: summing.version,
      state: { rubbish: true },
    });
    expect(await load(store, 'w', nothing, summing)).to.deep.equal(fromStart);
  });

  it('reads nothing before the snapshot', async () => {
    await fill(10);
    await store.writeSnapshot({
      workload: 'w',
      n: 8,
      foldVersion: summing.version,
      state: { total: 1_000, order: [] },
    });
    expect(await load(store, 'w', nothing, summing)).to.deep.equal({
      state: { sum: 1_019, order: [9, 10] },
      n: 10,
    });
  });

  it('never replaces a snapshot by an older one, in any order of writes', async () => {
    await store.writeSnapshot(snapshot(5));
    await store.writeSnapshot(snapshot(3));
    expect(await store.readSnapshot('w')).to.deep.equal(snapshot(5));
    await Promise.all([9, 6, 8, 7, 4].map((n) => store.writeSnapshot(snapshot(n))));
    expect(await store.readSnapshot('w')).to.deep.equal(snapshot(9));
    expect(await store.readSnapshot('other')).to.equal(undefined);
  });

  it('stops at a gap', async () => {
    await fill(3);
    await store.insert(position(5));
    const { n } = await load(store, 'w', nothing, summing);
    expect(n).to.equal(3);
    await store.insert(position(4));
    expect(await catchUp(store, 'w', { state: nothing, n: 3 }, summing)).to.deep.equal({
      state: { sum: 9, order: [4, 5] },
      n: 5,
    });
  });

  it('reads by index, and only what it needs', async () => {
    await fill(30);
    await store.insert({ ...position(1), workload: 'other' });
    await store.writeSnapshot({
      workload: 'w',
      n: 20,
      foldVersion: summing.version,
      state: summing.freeze(nothing),
    });
    const { db } = journals;
    await db.command({ profile: 2 });
    await load(store, 'w', nothing, summing);
    await store.find('w', 7);
    await db.command({ profile: 0 });
    const seen = await db
      .collection('system.profile')
      .find({ ns: { $in: [`${db.databaseName}.journal`, `${db.databaseName}.snapshots`] } })
      .sort({ ts: 1 })
      .toArray();
    expect(
      seen.map(({ planSummary, docsExamined }) => [planSummary, docsExamined] as unknown),
    ).to.deep.equal([
      ['IXSCAN { workload: 1 }', 1],
      ['IXSCAN { workload: 1, n: 1 }', 10],
      ['IXSCAN { workload: 1, n: 1 }', 1],
    ]);
  });
});
