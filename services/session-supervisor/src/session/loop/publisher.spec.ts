import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { WorkloadFacts } from '#libs/contracts/session.ts';
import { observe } from '#libs/nats/fixtures/observer.ts';
import { testLog } from '#libs/testing/index.ts';
import { sharedStores } from '#libs/testing/shared-stores.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { WorkloadHeader } from '../../domain/state/workload.ts';
import { everyEntry } from '../../domain/fixtures/workload.ts';
import { openMesh, type TestMesh } from '../../fixtures/mesh.ts';
import { plant } from '../../fixtures/plant.ts';
import { startPublisher, type Publisher } from './publisher.ts';

const task = (n: number): Entry => ({ ...everyEntry.accepted, task: `noop/${n}` });

describe('the publisher of facts', function () {
  this.timeout(20_000);
  let mesh: TestMesh;
  let of: WorkloadHeader;
  let kept: number[];
  before(async () => {
    mesh = await openMesh();
  });
  beforeEach(async () => {
    kept = [];
    of = await plant(mesh, {
      entries: [
        [everyEntry.started, task(0), task(1)],
        [everyEntry['attempt-lost'], task(2)],
      ],
    });
  });
  after(() => mesh[Symbol.asyncDispose]());

  const publishing = (from: number): Publisher =>
    startPublisher({
      workload: of.id,
      customer: of.customer,
      store: mesh.journal,
      bus: mesh.bus,
      clock: systemClock,
      logger: testLog,
      from,
      keep: async (position) => void kept.push(position),
    });
  /** Returns the messages that are published during an action. */
  const heard = async (
    act: () => Promise<void>,
  ): Promise<[kind: string, facts: WorkloadFacts][]> => {
    const all: [string, WorkloadFacts][] = [];
    const { nats } = await sharedStores();
    const facts = `muster.session.v1.workload.${of.id}.*`;
    await using observer = await observe({ url: nats.url }, facts, ({ subject, bytes }) =>
      all.push([subject.slice(subject.lastIndexOf('.') + 1), WorkloadFacts.decode(bytes)]),
    );
    await act();
    await observer.caughtUp();
    return all;
  };

  it('publishes the journal to the stream in order, with a message for each document and kind', async () => {
    const publisher = publishing(0);
    const all = await heard(() => publisher.reached(2));
    await publisher.stop();
    expect(
      all.map(([kind, { position, facts }]) => [kind, position, facts.map(({ factId }) => factId)]),
    ).to.deep.equal([
      ['started', 1, [`${of.id}/1/0`]],
      ['accepted', 1, [`${of.id}/1/1`, `${of.id}/1/2`]],
      ['attempt-lost', 2, [`${of.id}/2/0`]],
      ['accepted', 2, [`${of.id}/2/1`]],
    ]);
    expect(all[1]?.[1]).to.deep.include({ workloadId: of.id, customerId: of.customer });
    expect(all[1]?.[1].facts[0]).to.deep.include({
      kind: 'accepted',
      task: 'noop/0',
      userId: 'u1',
      seconds: 2.5,
    });
    expect(kept).to.deep.equal([2]);
  });

  it('goes on where a former owner stopped, and repeats facts under the same ids', async () => {
    const publisher = publishing(1);
    const all = await heard(() => publisher.reached(2));
    await publisher.stop();
    expect(all.flatMap(([, { facts }]) => facts.map(({ factId }) => factId))).to.deep.equal([
      `${of.id}/2/0`,
      `${of.id}/2/1`,
    ]);
  });

  it('publishes new entries when it is told that they are durable, and no fact for `closed`', async () => {
    const publisher = publishing(2);
    const entries = [[everyEntry.completed], [everyEntry.closed]];
    for (const [i, some] of entries.entries()) {
      await mesh.journal.insert({
        workload: of.id,
        n: i + 3,
        appendId: `b-${i}`,
        by: 'x',
        at: new Date(),
        entries: some,
      });
    }
    const all = await heard(async () => {
      publisher.wake(4);
      await publisher.reached(4);
    });
    await publisher.stop();
    expect(all.map(([kind]) => kind)).to.deep.equal(['completed']);
    expect(kept).to.deep.equal([4]);
  });
});
