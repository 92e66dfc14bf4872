import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, firstPage, refusal, startNoop } from '../fixtures/requests.ts';

describe('the workload of every rpc', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_RUNNING_WORKLOADS: '5' } });
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** Every rpc about one workload. */
  const allOf = ({ workloads }: Clients, target: { workloadId: string; customerId: string }) => ({
    status: () => workloads.getWorkloadStatus(target),
    progress: () => workloads.getWorkloadProgress({ ...target, ...firstPage }),
    get: () => workloads.getWorkload(target),
    watch: async () => {
      for await (const { workload } of workloads.watchWorkload(target)) {
        return workload;
      }
      return undefined;
    },
    users: () => workloads.getUserCount(target),
    tasks: () => workloads.listTasks({ ...target, states: [], ...firstPage }),
    log: () => workloads.getTaskLog({ ...target, task: '0', failed: false }),
    results: () => workloads.listResults({ ...target, afterRevision: 0, ...firstPage }),
    explain: () => workloads.explainWorkload(target),
    pause: () => workloads.pauseWorkload({ ...target, requestId: '' }),
    resume: () => workloads.resumeWorkload({ ...target, requestId: '' }),
    wanted: () => workloads.setUserCount({ ...target, wanted: 1, requestId: '' }),
    stop: () => workloads.stopAndDeleteWorkload({ ...target, deleteResults: false, requestId: '' }),
  });
  /** Calls each of them in order and returns the answers. The stop comes last. */
  const refusals = async (
    clients: Clients,
    workloadId: string,
    customerId = '',
  ): Promise<Set<string>> => {
    const told = new Set<string>();
    for (const call of Object.values(allOf(clients, { workloadId, customerId }))) {
      told.add(await refusal(call()));
    }
    return told;
  };

  it('is hidden from other customers as if it did not exist, and open to operators', async () => {
    const id = await startNoop(await mesh.as('customer', 'owner'));
    const other = await mesh.as('customer', 'other');
    expect([...(await refusals(other, id))]).to.deep.equal(['WORKLOAD_NOT_FOUND']);
    expect([...(await refusals(other, id, 'owner'))]).to.deep.equal(['WORKLOAD_NOT_FOUND']);
    expect([...(await refusals(other, 'w-nobody'))]).to.deep.equal(['WORKLOAD_NOT_FOUND']);
    expect([...(await refusals(other, '../w'))]).to.deep.equal(['WORKLOAD_NOT_FOUND']);
    const operator = await mesh.as('operator', 'olga');
    expect([...(await refusals(operator, id))].sort()).to.deep.equal(['NO_LOG', 'answered']);
    expect([...(await refusals(operator, id, 'other'))]).to.deep.equal(['WORKLOAD_NOT_FOUND']);
  });

  it('can be named by its customer, who may leave both fields empty', async () => {
    const someone = await mesh.as('customer', 'single');
    const operator = await mesh.as('operator', 'olga');
    expect([...(await refusals(someone, ''))]).to.deep.equal(['NO_ACTIVE_WORKLOAD']);
    expect([...(await refusals(operator, '', 'single'))]).to.deep.equal(['NO_ACTIVE_WORKLOAD']);
    expect([...(await refusals(operator, ''))]).to.deep.equal(['INVALID_FIELDS workload_id']);
    const id = await startNoop(someone);
    for (const [clients, customerId] of [
      [someone, ''],
      [someone, 'single'],
      [operator, 'single'],
    ] as const) {
      const { workload } = await clients.workloads.getWorkload({ workloadId: '', customerId });
      expect(workload?.workloadId).to.equal(id);
    }
    expect([...(await refusals(someone, '', 'owner'))]).to.deep.equal(['NO_ACTIVE_WORKLOAD']);
  });

  it('must be named if several run', async () => {
    const someone = await mesh.as('customer', 'several');
    const ids = [await startNoop(someone), await startNoop(someone)];
    expect([...(await refusals(someone, ''))]).to.deep.equal(['SEVERAL_ACTIVE_WORKLOADS']);
    const thrown = await someone.workloads.getWorkload(about('')).catch((error: unknown) => error);
    expect(thrown).to.deep.include({ metadata: { customer: 'several', workloads: ids.join(',') } });
  });
});
