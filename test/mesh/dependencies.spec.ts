import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { eventually, type TestStore, errorOf, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { follow, type Following } from '../harness/follow.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { named, resultsOf, start } from '../harness/work.ts';

const AWAY_MS = 20_000;
const GOES_ON_MS = 5_000;
const DEADLINE_MS = 4_000;
/** Delay in each direction. */
const SLOW_MS = 150;

describe('a mesh with a dependency that answers late or not at all', function () {
  this.timeout(90_000);
  let mesh: Mesh;
  let acme: Clients;

  before(async () => {
    mesh = await startMesh({ isProxied: true });
    for (const name of ['alpha', 'beta', 'gamma']) {
      await mesh.agent(name);
    }
    acme = await mesh.customer('acme');
  });
  after(() => mesh[Symbol.asyncDispose]());

  const completedOf = ({ latest }: Following): number => latest()?.completed ?? 0;

  const underWay = async (): Promise<Following> => {
    const id = await start(acme, {
      noop: noopSpec({ tasks: 500, durationMs: 30, resultBytes: 500 }),
    });
    const work = follow(acme, id);
    await work.until(() => completedOf(work) > 30);
    return work;
  };
  const expectComplete = async ({ id, over }: Following): Promise<void> => {
    const { state, completed, total } = await over;
    expect({ state, completed }).to.deep.equal({
      state: 'WORKLOAD_STATE_COMPLETED',
      completed: total,
    });
    const tasks = (await resultsOf(acme, id)).map(({ task }) => task);
    expect(new Set(tasks).size).to.equal(total);
    expect(tasks).to.have.length(total);
    // It reads all results.
    const patient = { deadlineMs: 60_000 };
    const scrubbed = await mesh.operator.workloads.scrubWorkload(
      { ...named(id), pageToken: '' },
      patient,
    );
    expect([scrubbed.missing, scrubbed.damaged]).to.deep.equal(['', '']);
  };

  /** Freezes a store in the middle of the work. Callers must be told in time, and the work must go on soon after its return. */
  const freezes = async (
    store: TestStore,
    dependency: string,
    ask: (work: Following) => Promise<unknown>,
  ): Promise<void> => {
    const work = await underWay();
    await store.kill('SIGSTOP');
    const thawed = sleep(AWAY_MS);
    const began = performance.now();
    const error = await eventually(async () => errorOf(ask(work)));
    expect(performance.now() - began).to.be.below(DEADLINE_MS + 1_000);
    expect({ code: error.code, dependency: error.metadata['dependency'] }).to.deep.equal({
      code: status.UNAVAILABLE,
      dependency,
    });
    expect(error.retryAfterMs).to.be.above(0);
    await thawed;
    await store.kill('SIGCONT');
    const returned = performance.now();
    const { completed } = await eventually(() => acme.workloads.getWorkloadStatus(named(work.id)), {
      withinMs: GOES_ON_MS,
    });
    await work.until(
      () => completedOf(work) > completed,
      GOES_ON_MS - (performance.now() - returned),
    );
    await expectComplete(work);
  };
  const options = { deadlineMs: DEADLINE_MS };

  it('goes on after mongod was frozen for 20 s', () =>
    freezes(mesh.stores.mongod, 'mongodb', ({ id }) =>
      acme.workloads.getWorkloadStatus(named(id), options),
    ));

  it('goes on after nats-server was frozen for 20 s', () =>
    freezes(mesh.stores.nats, 'nats', ({ id }) =>
      acme.workloads.setUserCount({ ...named(id), wanted: 9, requestId: '' }, options),
    ));

  it('goes on after Azurite was frozen for 20 s', () =>
    freezes(mesh.stores.azurite, 'blob', ({ id }) =>
      mesh.operator.workloads.scrubWorkload({ ...named(id), pageToken: '' }, options),
    ));

  it('goes on, more slowly, if all of them are slow', async () => {
    const slow = mesh.links.filter(({ to }) => ['mongod', 'nats-server', 'azurite'].includes(to));
    for (const { proxy } of slow) {
      proxy.delay(SLOW_MS);
    }
    const work = await underWay();
    const paused = await acme.workloads.pauseWorkload({ ...named(work.id), requestId: '' });
    expect(paused.workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
    await acme.workloads.resumeWorkload({ ...named(work.id), requestId: '' });
    for (const { proxy } of slow) {
      proxy.delay(0);
    }
    await expectComplete(work);
  });
});
