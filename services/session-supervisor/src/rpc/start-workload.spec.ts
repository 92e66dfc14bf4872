import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, ended, noopStart, refusal, startNoop } from '../fixtures/requests.ts';

describe('StartWorkload', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const customer = (id: string): Promise<Clients> => mesh.as('customer', id);

  it('returns the new workload at once, with defaults filled in', async () => {
    const { workloads } = await customer('first');
    const { workload, revision } = await workloads.startWorkload(noopStart({ tasks: 7 }));
    expect(workload).to.deep.include({
      customerId: 'first',
      state: 'WORKLOAD_STATE_PENDING',
      total: 7,
      completed: 0,
      failed: 0,
      remaining: 7,
      percentage: 0,
      wantedUsers: 100,
      firstFrame: 0,
      lastFrame: 6,
      reason: '',
      startTime: undefined,
      endTime: undefined,
      shares: [],
      revision: 0,
    });
    expect(workload?.workloadId).to.match(/^w-[a-z0-9]{16}$/);
    expect(workload?.spec?.value).to.include({ maxFailures: 3, maxLosses: 5 });
    expect(revision).to.equal(0);
  });

  it('names all wrong fields at once', async () => {
    const { workloads } = await customer('wrong');
    const spec = {
      tasks: 0,
      durationMs: 3_600_001,
      resultBytes: 16_777_217,
      failingTasks: '1-',
      maxFailures: 101,
    };
    const all = noopStart(
      { ...spec, maxLosses: 101 },
      { objectId: 'o-1', requestId: 'x'.repeat(65), wantedUsers: 100_001 },
    );
    expect(await refusal(workloads.startWorkload(all))).to.equal(
      'INVALID_FIELDS request_id wanted_users object_id noop.tasks noop.duration_ms noop.result_bytes ' +
        'noop.failing_tasks noop.max_failures noop.max_losses',
    );
    expect(await refusal(workloads.startWorkload(noopStart({}, { spec: undefined })))).to.equal(
      'INVALID_FIELDS spec',
    );
  });

  it('starts for the caller, or for the customer that an operator names', async () => {
    const { workloads } = await customer('own');
    const operator = await mesh.as('operator', 'olga');
    const foreign = noopStart({}, { customerId: 'other' });
    expect(await refusal(workloads.startWorkload(foreign))).to.equal('INVALID_FIELDS customer_id');
    expect(await refusal(operator.workloads.startWorkload(noopStart()))).to.equal(
      'INVALID_FIELDS customer_id',
    );
    expect(
      await refusal(operator.workloads.startWorkload(noopStart({}, { customerId: 'Not An Id' }))),
    ).to.equal('INVALID_FIELDS customer_id');
    const id = await startNoop(operator, {}, { customerId: 'own' });
    expect((await workloads.getWorkload(about(id))).workload?.customerId).to.equal('own');
  });

  it('lets exactly one of 50 simultaneous starts win, and tells the others which one runs', async () => {
    const { workloads } = await customer('crowd');
    const calls = Array.from({ length: 50 }, () => workloads.startWorkload(noopStart()));
    const outcomes = await Promise.allSettled(calls);
    const won = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value.workload] : [],
    );
    expect(won).to.have.lengthOf(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') {
        continue;
      }
      expect(outcome.reason).to.include({ reason: 'WORKLOAD_ALREADY_RUNNING' });
      expect(outcome.reason.metadata).to.deep.equal({
        customer: 'crowd',
        workloads: won[0]?.workloadId,
      });
    }
  });

  it('lets as many workloads run as the plan allows', async () => {
    const operator = await mesh.as('operator', 'olga');
    const plan = { runningWorkloads: 3, users: 0, weight: 0 };
    const put = {
      customerId: 'trio',
      displayName: '',
      plan,
      createTime: undefined,
      updateTime: undefined,
    };
    await operator.customers.putCustomer({ customer: put, updateMask: undefined });
    const { workloads } = await customer('trio');
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => refusal(workloads.startWorkload(noopStart()))),
    );
    expect(outcomes.filter((outcome) => outcome === 'answered')).to.have.lengthOf(3);
    expect(outcomes.filter((outcome) => outcome === 'WORKLOAD_ALREADY_RUNNING')).to.have.lengthOf(
      47,
    );
  });

  it('returns the same workload to the same request, even after its end, and refuses another request with its id', async () => {
    const { workloads } = await customer('again');
    const request = noopStart({}, { requestId: 'r1' });
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => workloads.startWorkload(request)),
    );
    const [id = '', ...others] = new Set(ids.map(({ workload }) => workload?.workloadId));
    expect(others).to.deep.equal([]);
    await workloads.stopAndDeleteWorkload({ ...about(id), deleteResults: false, requestId: '' });
    const again = await workloads.startWorkload(request);
    expect(again.workload).to.include({ workloadId: id, state: 'WORKLOAD_STATE_STOPPED' });
    const other = workloads.startWorkload(noopStart({ tasks: 11 }, { requestId: 'r1' }));
    expect(await refusal(other)).to.equal('REQUEST_ID_REUSED');
    const elsewhere = await customer('elsewhere');
    expect(await startNoop(elsewhere, { tasks: 11 }, { requestId: 'r1' })).to.not.equal(id);
  });

  it('can start again as soon as the end is visible', async () => {
    const someone = await customer('next');
    for (let round = 0; round < 5; round += 1) {
      const id = await startNoop(someone, { tasks: 2 });
      mesh.users.assign(id, `next-${round}`, 2);
      await Promise.all([ended(someone, id), mesh.users.finishAll(id, `next-${round}`)]);
    }
  });

  it('starts a million tasks as fast as one', async () => {
    const { workloads } = await customer('million');
    const began = performance.now();
    const { workload } = await workloads.startWorkload(noopStart({ tasks: 1_000_000 }));
    expect(performance.now() - began).to.be.below(500);
    expect(workload).to.include({ total: 1_000_000, lastFrame: 999_999 });
  });

  it('keeps the number of users that was asked for, even 0 and more than the plan allows', async () => {
    const { workloads } = await customer('zero');
    const { workload } = await workloads.startWorkload(noopStart({}, { wantedUsers: 0 }));
    expect(workload?.wantedUsers).to.equal(0);
  });
});
