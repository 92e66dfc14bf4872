import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { append, type AppendOutcome, type JournalDocument, type JournalStore } from './index.ts';
import {
  appending,
  openJournals,
  position,
  type Entry,
  type Journals,
} from './fixtures/journal.ts';

/** A store that reports each duplicate as one of the index on accepted results. */
const byAccepted = (store: JournalStore<Entry>): JournalStore<Entry> => ({
  ...store,
  insert: async (document) => {
    const outcome = await store.insert(document);
    return outcome.kind === 'duplicate' ? { kind: 'duplicate', key: 'accepted' } : outcome;
  },
});

describe('append', function () {
  this.timeout(30_000);
  let journals: Journals;
  let store: JournalStore<Entry>;
  beforeEach(async () => {
    journals = await openJournals();
    ({ store } = journals);
  });
  afterEach(() => journals[Symbol.asyncDispose]());

  const written = async (): Promise<JournalDocument<Entry>[]> =>
    Array.fromAsync(store.read('w', 0));

  it('writes the document unchanged', async () => {
    const document = position(1, { accepted: ['noop/1/0'] });
    expect(await appending(store, document).outcome).to.deep.equal({ kind: 'written' });
    expect(await written()).to.deep.equal([document]);
  });

  it('lets one of two writers have a position and shows the other whose it is', async () => {
    const { store: rival } = await journals.throughProxy();
    for (let n = 1; n <= 20; n += 1) {
      const ours = position(n, { by: 'i-1' });
      const theirs = position(n, { by: 'i-2' });
      const outcomes: AppendOutcome<Entry>[] = await Promise.all([
        appending(store, ours).outcome,
        appending(rival, theirs).outcome,
      ]);
      const winner = outcomes[0]?.kind === 'written' ? ours : theirs;
      expect(outcomes).to.have.deep.members([{ kind: 'written' }, { kind: 'refused', by: winner }]);
      expect(await store.find('w', n)).to.deep.equal(winner);
    }
    expect(await written()).to.have.lengthOf(20);
  });

  it('finds its own document when the answer was lost after the insert', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    const document = position(1, { accepted: ['noop/1/0'] });
    proxy.drop('replies');
    const { outcome, unknown } = appending(far, document);
    await proxy.caught('replies');
    expect(await written()).to.deep.equal([document]);
    proxy.heal();
    expect(await outcome).to.deep.equal({ kind: 'written' });
    expect(unknown).to.have.lengthOf(1);
    expect(await written()).to.deep.equal([document]);
  });

  it('inserts again when the connection was lost before the insert', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    const document = position(1);
    proxy.drop('requests');
    const { outcome, unknown } = appending(far, document);
    await proxy.caught('requests');
    expect(await written()).to.deep.equal([]);
    proxy.heal();
    expect(await outcome).to.deep.equal({ kind: 'written' });
    expect(unknown).to.have.lengthOf(1);
    expect(await written()).to.deep.equal([document]);
  });

  it('tries until it knows the outcome, however long the store is away', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    const threeTimes = Promise.withResolvers<void>();
    const document = position(1);
    proxy.cut();
    let tries = 0;
    const outcome = append(far, document, {
      clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(1, signal) },
      random: systemRandom,
      signal: new AbortController().signal,
      onUnknown: () => {
        tries += 1;
        if (tries === 3) {
          threeTimes.resolve();
        }
      },
    });
    await threeTimes.promise;
    proxy.heal();
    expect(await outcome).to.deep.equal({ kind: 'written' });
    expect(await written()).to.deep.equal([document]);
  });

  it('learns that another writer has the position, even after a lost answer', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    proxy.drop('requests');
    const { outcome } = appending(far, position(1, { by: 'i-1' }));
    await proxy.caught('requests');
    const theirs = position(1, { by: 'i-2' });
    await store.insert(theirs);
    proxy.heal();
    expect(await outcome).to.deep.equal({ kind: 'refused', by: theirs });
    expect(await written()).to.deep.equal([theirs]);
  });

  it('does not resolve while the answer is held back', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    proxy.hold('replies');
    const { outcome } = appending(far, position(1));
    await proxy.caught('replies');
    let isSettled = false;
    void outcome.then(() => (isSettled = true));
    expect(await written()).to.have.lengthOf(1);
    expect(isSettled).to.equal(false);
    proxy.heal();
    expect(await outcome).to.deep.equal({ kind: 'written' });
  });

  it('gives up when its signal aborts, with the reason', async () => {
    const { store: far, proxy } = await journals.throughProxy();
    proxy.cut();
    const { outcome, stop } = appending(far, position(1));
    stop.abort(new Error('let go'));
    expect(await outcome.catch((thrown: Error) => thrown.message)).to.equal('let go');
  });

  describe('refused because a result was accepted before', () => {
    it('is a conflict if the position is free: the journal contradicts the decision', async () => {
      await store.insert(position(1, { accepted: ['noop/1/0', 'noop/2/0'] }));
      const { outcome } = appending(store, position(2, { accepted: ['noop/2/0', 'noop/3/0'] }));
      expect(await outcome).to.deep.equal({ kind: 'conflict', accepted: ['noop/2/0', 'noop/3/0'] });
      expect(await written()).to.have.lengthOf(1);
    });

    it('is written if the position holds this very document', async () => {
      const document = position(1, { accepted: ['noop/1/0'] });
      await store.insert(document);
      expect(await appending(byAccepted(store), document).outcome).to.deep.equal({
        kind: 'written',
      });
    });

    it('is refused if the position holds another document', async () => {
      const theirs = position(1, { accepted: ['noop/1/0'] });
      await store.insert(theirs);
      const { outcome } = appending(byAccepted(store), position(1, { accepted: ['noop/1/0'] }));
      expect(await outcome).to.deep.equal({ kind: 'refused', by: theirs });
    });

    it('is unknown as long as the position cannot be read', async () => {
      const document = position(1, { accepted: ['noop/1/0'] });
      await store.insert(document);
      let reads = 0;
      const find: typeof store.find = async (workload, n) => {
        reads += 1;
        if (reads < 3) {
          throw new Error('no answer');
        }
        return store.find(workload, n);
      };
      const { outcome, unknown } = appending({ ...byAccepted(store), find }, document);
      expect(await outcome).to.deep.equal({ kind: 'written' });
      expect(unknown).to.have.lengthOf(2);
    });
  });

  it('keeps one result per task and generation, and any number of documents without results', async () => {
    await store.insert(position(1));
    await store.insert(position(2));
    await store.insert(position(3, { accepted: ['noop/1/0'] }));
    expect(await store.insert(position(4, { accepted: ['noop/1/1'] }))).to.deep.equal({
      kind: 'written',
    });
    expect(await store.insert(position(5, { accepted: ['noop/1/0'] }))).to.deep.equal({
      kind: 'duplicate',
      key: 'accepted',
    });
    expect(
      await store.insert({ ...position(1, { accepted: ['noop/1/0'] }), workload: 'other' }),
    ).to.deep.equal({
      kind: 'written',
    });
  });
});
