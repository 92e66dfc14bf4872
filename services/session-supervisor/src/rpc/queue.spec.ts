import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { StartWorkloadRequest } from '#libs/contracts/session.ts';
import { eventually, renderSpec } from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh, type TestSupervisor } from '../fixtures/mesh.ts';
import { about, ended, firstPage, noopStart, refusal, startNoop } from '../fixtures/requests.ts';

/** The queue is looked at every 5 s at the latest. */
const WITHIN = { withinMs: 30_000 };

describe('the queue of a customer', function () {
  this.timeout(120_000);
  let mesh: TestMesh;
  let first: TestSupervisor;
  let second: TestSupervisor;
  before(async () => {
    mesh = await openMesh();
    first = await mesh.start();
    second = await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const queue = (clients: Clients, tasks = 3): Promise<string> =>
    startNoop(clients, { tasks }, { queue: true });
  const stop = (clients: Clients, id: string) =>
    clients.workloads.stopAndDeleteWorkload({ ...about(id), deleteResults: false, requestId: '' });
  const finish = async (clients: Clients, id: string): Promise<void> => {
    const user = `user-of-${id}`;
    await eventually(async () => expect(mesh.users.demands.get(id)?.wanted).to.equal(3), WITHIN);
    mesh.users.assign(id, user, 3);
    await Promise.all([ended(clients, id), mesh.users.finishAll(id, user)]);
  };
  const reason = async (clients: Clients, id: string) => {
    const { workload, waiting } = await clients.workloads.getWorkload(about(id));
    return { queued: workload?.queued, state: workload?.state, ...waiting[0] };
  };

  it('begins one workload after the other, in the order of their starts, and asks for no user before', async () => {
    const someone = await mesh.as('customer', 'turns');
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.push(await queue(someone));
    }
    const [a = '', b = '', c = ''] = ids;
    expect(await reason(someone, c)).to.deep.equal({
      queued: true,
      state: 'WORKLOAD_STATE_PENDING',
      code: 'QUEUED',
      message: `it is number 2 of 2 in the queue, because the plan lets 1 workload run at once; it waits for ${a} to end. It starts by itself`,
    });
    await finish(someone, a);
    await eventually(async () => expect(mesh.users.demands.has(b)).to.equal(true), WITHIN);
    expect(mesh.users.demands.has(c)).to.equal(false);
    await finish(someone, b);
    await finish(someone, c);
  });

  it('refuses a start that does not want to wait, also while a slot is free for those who do', async () => {
    const someone = await mesh.as('customer', 'refused');
    const running = await queue(someone);
    const waiting = await queue(someone);
    expect(await refusal(startNoop(someone))).to.equal('WORKLOAD_ALREADY_RUNNING');
    await stop(someone, running);
    expect(await refusal(startNoop(someone))).to.equal('WORKLOAD_ALREADY_RUNNING');
    await stop(someone, waiting);
    expect(await refusal(startNoop(someone))).to.equal('answered');
  });

  it('says whether a start would be refused without starting anything, before its file is sent', async () => {
    const someone = await mesh.as('customer', 'careful');
    const ask = (more: Partial<StartWorkloadRequest>): Promise<string> =>
      refusal(someone.workloads.startWorkload(noopStart({}, { validateOnly: true, ...more })));
    const render = renderSpec({ frames: '1-3' });
    const file = { spec: { $case: 'render', value: render }, objectId: '' } as const;
    expect(await ask(file)).to.equal('answered');
    expect(await ask({ ...file, requestId: 'r-1' })).to.equal('answered');
    expect(await ask({ spec: { $case: 'render', value: renderSpec({ frames: 'x' }) } })).to.equal(
      'INVALID_FIELDS render.frames',
    );
    const running = await queue(someone);
    expect(await ask(file)).to.equal('WORKLOAD_ALREADY_RUNNING');
    expect(await ask({ ...file, queue: true })).to.equal('answered');
    const query = { ...firstPage, customerId: '', states: [] };
    const { workloads } = await someone.workloads.listWorkloads(query);
    expect(workloads.map(({ workloadId }) => workloadId)).to.deep.equal([running]);
    await stop(someone, running);
  });

  it('lets a waiting workload be stopped, paused, resumed and changed like any other', async () => {
    const someone = await mesh.as('customer', 'commands');
    const [running, paused, next] = [
      await queue(someone),
      await queue(someone),
      await queue(someone),
    ];
    const command = { requestId: 'r-1' };
    await someone.workloads.setUserCount({ ...about(paused), wanted: 2, ...command });
    await someone.workloads.pauseWorkload({ ...about(paused), requestId: 'r-2' });
    const listed = await someone.workloads.listWorkloads({
      customerId: '',
      states: ['WORKLOAD_STATE_PAUSED'],
      pageSize: 0,
      pageToken: '',
    });
    expect(listed.workloads.map(({ workloadId, queued }) => [workloadId, queued])).to.deep.equal([
      [paused, true],
    ]);
    await stop(someone, running);
    // The paused one keeps its place, and the one behind it passes.
    await eventually(
      async () => expect((await reason(someone, next)).queued).to.equal(false),
      WITHIN,
    );
    expect(await reason(someone, paused)).to.include({ queued: true, code: 'PAUSED' });
    await someone.workloads.resumeWorkload({ ...about(paused), requestId: 'r-3' });
    expect(await reason(someone, paused)).to.include({ queued: true, code: 'QUEUED' });
    const { workload } = await stop(someone, paused);
    expect(workload).to.include({ state: 'WORKLOAD_STATE_STOPPED', queued: false });
    await stop(someone, next);
  });

  it('begins what waits when the plan grows', async () => {
    const someone = await mesh.as('customer', 'grows');
    const operator = await mesh.as('operator', 'olga');
    const running = await queue(someone);
    const waiting = await queue(someone);
    const customer = {
      customerId: 'grows',
      displayName: '',
      plan: { runningWorkloads: 2, users: 0, weight: 0 },
      createTime: undefined,
      updateTime: undefined,
    };
    await operator.customers.putCustomer({ customer, updateMask: undefined });
    await eventually(async () => expect(mesh.users.demands.has(waiting)).to.equal(true), WITHIN);
    await stop(someone, running);
    await stop(someone, waiting);
  });

  it('returns the same workload to a repeated request', async () => {
    const someone = await mesh.as('customer', 'many');
    const start = (requestId: string) =>
      someone.workloads.startWorkload(noopStart({}, { queue: true, requestId }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => start(`r-${Math.floor(i / 2)}`)),
    );
    expect(new Set(answers.map(({ workload }) => workload?.workloadId)).size).to.equal(4);
  });

  it('outlives any supervisor', async () => {
    const someone = await mesh.as('customer', 'lives');
    const elsewhere = await mesh.as('customer', 'lives', second.address);
    const running = await queue(someone);
    const waiting = await queue(someone);
    const last = await queue(elsewhere);
    await first[Symbol.asyncDispose]();
    await finish(elsewhere, running);
    await finish(elsewhere, waiting);
    await finish(elsewhere, last);
  });
});
