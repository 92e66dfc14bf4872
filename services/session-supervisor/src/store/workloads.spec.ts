import { expect } from 'chai';
import { after as afterAll, before, describe, it } from 'mocha';
import type { Document } from 'mongodb';
import { collection, connectMongo, type Store } from '#libs/mongo/index.ts';
import { MAX_QUEUED_WORKLOADS } from '#libs/mesh/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { testLog } from '#libs/testing/index.ts';
import { sharedStores } from '#libs/testing/shared-stores.ts';
import { header } from '../domain/fixtures/workload.ts';
import { begin } from '../domain/state/workload.ts';
import { projectionOf, type Projection, type WorkloadDocument } from './workload-document.ts';
import { createWorkloadStore, type StartRecord, type WorkloadStore } from './workloads.ts';

const record = (customer: string, more: Partial<StartRecord> = {}): StartRecord => {
  const of = { ...header(4), id: systemRandom.id('w'), customer, createdAt: Date.now() };
  return {
    header: of,
    requestId: undefined,
    requestHash: 'h1',
    projection: projectionOf(begin(of), ''),
    owner: 'i-1',
    slots: 1,
    queues: false,
    ...more,
  };
};

describe('createWorkloadStore', function () {
  this.timeout(30_000);
  let mongo: Store;
  let store: WorkloadStore;
  before(async () => {
    const { mongod } = await sharedStores();
    mongo = await connectMongo({
      url: mongod.url,
      database: systemRandom.id('s'),
      logger: testLog,
    });
    store = createWorkloadStore(collection(mongo.db, 'workloads'));
  });
  afterAll(() => mongo.close());

  const started = async (customer: string): Promise<WorkloadDocument> => {
    const outcome = await store.start(record(customer));
    if (outcome.kind !== 'inserted') {
      throw new Error(outcome.kind);
    }
    return outcome.document;
  };
  const projection = (position: number, more: Partial<Projection> = {}): Projection => ({
    ...projectionOf(begin(header(4)), ''),
    position,
    ...more,
  });

  for (const slots of [1, 3]) {
    it(`lets exactly ${slots} of 50 simultaneous starts win with a plan for ${slots}`, async () => {
      const customer = `crowd-${slots}`;
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => store.start(record(customer, { slots }))),
      );
      const winners = outcomes.flatMap((outcome) =>
        outcome.kind === 'inserted' ? [outcome.document._id] : [],
      );
      expect(winners).to.have.lengthOf(slots);
      expect((await store.running(customer)).map(({ _id }) => _id)).to.have.members(winners);
      expect(outcomes.filter(({ kind }) => kind === 'full')).to.have.lengthOf(50 - slots);
    });
  }

  it('leaves workloads that only a later build understands to that build', async () => {
    const nodes = ['mesh', 'solve'].map((id) => ({ id, tasks: 2, durationMs: 0, after: [] }));
    const of = {
      ...header(0, { nodes }),
      id: systemRandom.id('w'),
      customer: 'graphs',
      createdAt: Date.now(),
    };
    await store.start(record('graphs', { header: of, owner: 'i-late' }));
    const earlier = createWorkloadStore(collection(mongo.db, 'workloads'), 3);
    expect(await earlier.ownedByOthers(['i-1'])).to.deep.equal([]);
    expect(await earlier.claim(of.id, 'i-late', 'i-early')).to.equal(false);
    expect((await store.ownedByOthers(['i-1'])).map(({ _id }) => _id)).to.deep.equal([of.id]);
    expect(await store.claim(of.id, 'i-late', 'i-1')).to.equal(true);
    expect((await earlier.ownedBy('i-1')).map(({ _id }) => _id)).not.to.include(of.id);
  });

  it('names the running workloads if the plan is full, and starts again when a slot is free', async () => {
    const { _id } = await started('again');
    expect(await store.start(record('again'))).to.deep.equal({ kind: 'full', running: [_id] });
    await store.project(_id, projection(1, { phase: 'stopped' }), true);
    expect((await store.start(record('again'))).kind).to.equal('inserted');
    expect(await store.running('again')).to.have.lengthOf(1);
  });

  it('never begins two for one free slot, whoever looks at the queue, and keeps the order', async () => {
    const line = (i: number) => store.start(record('line', { queues: true, owner: `q-${i}` }));
    const outcomes = await Promise.all(Array.from({ length: 6 }, (_, i) => line(i)));
    expect(new Set(outcomes.map(({ kind }) => kind))).to.deep.equal(new Set(['inserted']));
    const order = async (): Promise<string[]> => {
      const { running, waiting } = await store.standing('line');
      expect(running).to.have.lengthOf(1);
      return [...running, ...waiting].map(({ _id }) => _id);
    };
    for (let left = await order(); left.length > 1;) {
      const [first = '', second = ''] = left;
      await store.project(first, projection(1, { phase: 'completed' }), true);
      const admitted = await Promise.all([1, 2, 3, 4].map(() => store.admit('line', 1)));
      expect(admitted.flat()).to.deep.equal([second]);
      expect(await order()).to.deep.equal(left.slice(1));
      left = left.slice(1);
    }
  });

  it('lets a bounded number wait', async () => {
    const waits = (requestId: string) =>
      store.start(record('bounded', { queues: true, requestId }));
    await waits('r-runs');
    const first = await waits('r-waits');
    if (!('document' in first)) {
      throw new Error(first.kind);
    }
    const more = Array.from({ length: MAX_QUEUED_WORKLOADS - 2 }, (_, i) => {
      const { requestId: _request, ...rest } = first.document;
      return { ...rest, _id: systemRandom.id('w'), ticket: i + 2 };
    });
    await collection<WorkloadDocument>(mongo.db, 'workloads').insertMany(more);
    const start = { customer: 'bounded', slots: 1, queues: true };
    expect(await store.refusal(start)).to.equal(undefined);
    expect((await waits('r-last')).kind).to.equal('inserted');
    expect((await waits('r-more')).kind).to.equal('queue-full');
    expect(await store.refusal(start)).to.deep.equal({ kind: 'queue-full' });
    expect((await waits('r-waits')).kind).to.equal('repeated');
  });

  it('passes a paused workload in the queue, and lets no newcomer overtake', async () => {
    const running = await started('passes');
    const queued = async (): Promise<WorkloadDocument> => {
      const outcome = await store.start(record('passes', { queues: true }));
      if (outcome.kind !== 'inserted' || outcome.document.ticket === undefined) {
        throw new Error(outcome.kind);
      }
      return outcome.document;
    };
    const [paused, next] = [await queued(), await queued()];
    await store.project(paused._id, projection(1, { phase: 'paused' }), false);
    await store.project(running._id, projection(1, { phase: 'stopped' }), true);
    expect((await store.start(record('passes'))).kind).to.equal('full');
    const { slot, ticket } = await queued();
    expect([slot, (ticket ?? 0) > (next.ticket ?? 0)]).to.deep.equal([undefined, true]);
    expect(await store.admit('passes', 1)).to.deep.equal([next._id]);
    expect(await store.queueing()).to.include('passes');
    const earlier = createWorkloadStore(collection(mongo.db, 'workloads'), 5);
    expect(await earlier.claim(paused._id, 'i-1', 'i-early')).to.equal(false);
  });

  it('returns the same workload to a repeated request, even 20 times at once and after its end', async () => {
    const request = { requestId: 'r1', requestHash: 'h1' };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.start(record('twice', request))),
    );
    expect(outcomes.filter(({ kind }) => kind === 'inserted')).to.have.lengthOf(1);
    expect(outcomes.filter(({ kind }) => kind === 'repeated')).to.have.lengthOf(19);
    const ids = new Set(
      outcomes.map((outcome) => ('document' in outcome ? outcome.document._id : '')),
    );
    expect(ids.size).to.equal(1);
    const [id = ''] = ids;
    await store.project(id, projection(1, { phase: 'completed' }), true);
    const later = await store.start(record('twice', request));
    expect(later.kind === 'repeated' && later.document._id).to.equal(id);
  });

  it('refuses the id of another request, but not an id of another customer', async () => {
    const request = { requestId: 'r1', requestHash: 'h1', slots: 5 };
    await store.start(record('reuse', request));
    expect(await store.start(record('reuse', { ...request, requestHash: 'h2' }))).to.deep.equal({
      kind: 'request-id-reused',
    });
    expect((await store.start(record('other', { ...request, requestHash: 'h2' }))).kind).to.equal(
      'inserted',
    );
  });

  it('never lets a projection go back, in any order of writes', async () => {
    const { _id } = await started('projected');
    const order = [3, 9, 1, 7, 5, 2, 8, 4, 6];
    await Promise.all(
      order.map((position) =>
        store.project(_id, projection(position, { completed: position }), false),
      ),
    );
    expect((await store.find(_id))?.projection).to.include({ position: 9, completed: 9 });
    await store.project(_id, projection(8, { phase: 'stopped' }), true);
    expect(await store.find(_id)).to.include({ slot: 0 });
  });

  it('keeps the position of published facts, which never goes back', async () => {
    const { _id } = await started('published');
    await store.published(_id, 5);
    await store.published(_id, 3);
    expect((await store.find(_id))?.published).to.equal(5);
  });

  it('lets exactly one of many contenders claim a workload', async () => {
    const { _id } = await started('claimed');
    const claims = await Promise.all(
      ['i-2', 'i-3', 'i-4', 'i-5'].map((by) => store.claim(_id, 'i-1', by)),
    );
    expect(claims.filter(Boolean)).to.have.lengthOf(1);
    const owner = ['i-2', 'i-3', 'i-4', 'i-5'][claims.indexOf(true)];
    expect((await store.find(_id))?.owner).to.equal(owner);
    expect((await store.ownedBy(owner ?? '')).map((document) => document._id)).to.deep.equal([_id]);
    expect(await store.claim(_id, 'i-1', 'i-1')).to.equal(false);
  });

  it('finds workloads of dead owners, and leaves closed ones alone', async () => {
    const { _id } = await started('orphan');
    const closed = await started('closed');
    await store.disown(closed._id, 'i-1', new Date(0));
    const orphans = async (living: string[]): Promise<string[]> =>
      (await store.ownedByOthers(living)).map((document) => document._id);
    expect(await orphans(['i-9']))
      .to.include(_id)
      .and.not.include(closed._id);
    expect(await orphans(['i-1', 'i-9'])).to.not.include(_id);
    await store.disown(_id, 'i-9', new Date(0));
    expect((await store.find(_id))?.owner).to.equal('i-1');
  });

  it('offers closed workloads to the sweeper when they are due', async () => {
    const { _id } = await started('swept');
    await store.disown(_id, 'i-1', new Date(5_000));
    const due = async (at: number): Promise<boolean> =>
      (await store.toSweep(new Date(at), 100)).some((document) => document._id === _id);
    expect([await due(4_999), await due(5_000)]).to.deep.equal([false, true]);
    await store.swept(_id, new Date(9_000));
    expect(await due(8_999)).to.equal(false);
    await store.swept(_id, undefined);
    expect(await due(1e12)).to.equal(false);
  });

  it('lists the newest first, page by page, filtered', async () => {
    const ids: string[] = [];
    for (const createdAt of [1_000, 2_000, 2_000, 3_000]) {
      const one = record('listed', { slots: 10 });
      ids.push(one.header.id);
      await store.start({ ...one, header: { ...one.header, createdAt } });
    }
    const [oldest = '', a = '', b = '', newest = ''] = ids;
    const expected = [newest, ...[a, b].sort().reverse(), oldest];
    const query = { customer: 'listed', phases: [], after: undefined, limit: 10 };
    expect((await store.list(query)).map(({ _id }) => _id)).to.deep.equal(expected);
    const first = await store.list({ ...query, limit: 2 });
    const last = first.at(-1);
    const after = { createdAt: last?.createdAt ?? new Date(), id: last?._id ?? '' };
    expect((await store.list({ ...query, after })).map(({ _id }) => _id)).to.deep.equal(
      expected.slice(2),
    );
    await store.project(newest, projection(1, { phase: 'running' }), false);
    expect(
      (await store.list({ ...query, phases: ['running', 'paused'] })).map(({ _id }) => _id),
    ).to.deep.equal([newest]);
    expect(await store.list({ ...query, customer: 'nobody' })).to.deep.equal([]);
  });

  it('answers frequent queries from an index', async () => {
    const workloads = mongo.db.collection('workloads');
    const plans = [
      { owner: 'i-1' },
      { customer: 'listed', slot: { $exists: true } },
      { customer: 'listed', ticket: { $exists: true } },
      {
        $or: [
          { customer: 'listed', slot: { $exists: true } },
          { customer: 'listed', ticket: { $exists: true } },
        ],
      },
      { ticket: { $exists: true } },
      { sweepAt: { $lte: new Date() } },
    ];
    for (const filter of plans) {
      const { queryPlanner } = (await workloads.find(filter).explain()) as {
        queryPlanner: Document;
      };
      expect(JSON.stringify(queryPlanner['winningPlan']), JSON.stringify(filter)).to.include(
        'IXSCAN',
      );
    }
  });
});
