import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Bus } from '#libs/nats/index.ts';
import { eventually } from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { appear } from '../fixtures/plant.ts';
import { about, startNoop } from '../fixtures/requests.ts';

describe('ExplainWorkload', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_RUNNING_WORKLOADS: '5' } });
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const codes = async (clients: Clients, id: string): Promise<string[]> =>
    (await clients.workloads.explainWorkload(about(id))).reasons.map(({ code }) => code);
  const explains = (clients: Clients, id: string, expected: string[]): Promise<unknown> =>
    eventually(async () => expect(await codes(clients, id)).to.deep.equal(expected));

  it('says why a workload waits as things change', async () => {
    const someone = await mesh.as('customer', 'why');
    Object.assign(mesh.users.numbers, { entitled: 0, suitable: 0, connected: 0 });
    const id = await startNoop(someone, { tasks: 50 });
    await explains(someone, id, ['NO_USER_CONNECTED']);
    const hurry = (wanted: number) =>
      someone.workloads.setUserCount({ ...about(id), wanted, requestId: '' });
    Object.assign(mesh.users.numbers, { connected: 4 });
    await hurry(1);
    await explains(someone, id, ['NO_SUITABLE_USER']);
    Object.assign(mesh.users.numbers, { suitable: 2 });
    await hurry(2);
    await explains(someone, id, ['ALL_USERS_BUSY']);
    await hurry(0);
    await explains(someone, id, ['NO_USER_WANTED']);
    await hurry(500);
    await explains(someone, id, ['ALL_USERS_BUSY', 'PLAN_LIMIT']);
    Object.assign(mesh.users.numbers, { entitled: 100, suitable: 100, connected: 100 });
    await hurry(1);
    mesh.users.assign(id, 'why-1');
    await mesh.users.work('why-1');
    await explains(someone, id, ['NOT_WAITING']);
    await someone.workloads.pauseWorkload({ ...about(id), requestId: '' });
    await explains(someone, id, ['PAUSED']);
    await someone.workloads.stopAndDeleteWorkload({
      ...about(id),
      deleteResults: false,
      requestId: '',
    });
    await explains(someone, id, ['ENDED']);
  });

  it('names a missing owner, an unreachable matcher, and failing tasks', async () => {
    const lonely = await openMesh();
    const trouble = new Error('away');
    try {
      const bus: Bus = {
        ...lonely.bus,
        request: (subject, ...rest) =>
          subject.startsWith('muster.user.v1.matcher.')
            ? Promise.reject(trouble)
            : lonely.bus.request(subject, ...rest),
      };
      const supervisor = await lonely.start({ overrides: { bus } });
      const someone = await lonely.as('customer', 'alone');
      const id = await startNoop(someone, { tasks: 5 });
      await explains(someone, id, ['DEPENDENCY_UNAVAILABLE']);
      await lonely.db
        .collection('workloads')
        .updateOne({ _id: id as never }, { $set: { owner: await appear(lonely) } });
      await explains(someone, id, ['NO_OWNER']);
      expect(supervisor.address).to.not.equal('');
    } finally {
      await lonely[Symbol.asyncDispose]();
    }
  });
});
