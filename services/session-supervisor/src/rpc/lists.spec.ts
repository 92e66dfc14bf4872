import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, firstPage, refusal, startNoop } from '../fixtures/requests.ts';

describe('lists', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_RUNNING_WORKLOADS: '5' } });
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  it('ListWorkloads shows the newest first, customers only their own, by state and page', async () => {
    const someone = await mesh.as('customer', 'lister');
    const operator = await mesh.as('operator', 'olga');
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.unshift(await startNoop(someone));
    }
    const list = async (
      clients: Clients,
      customerId = '',
      states: string[] = [],
      pageSize = 0,
      pageToken = '',
    ) => {
      const page = await clients.workloads.listWorkloads({
        customerId,
        states: states as never,
        pageSize,
        pageToken,
      });
      return { ids: page.workloads.map(({ workloadId }) => workloadId), next: page.nextPageToken };
    };
    expect((await list(someone)).ids).to.deep.equal(ids);
    expect((await list(someone, 'owner')).ids).to.deep.equal(ids);
    expect((await list(operator, 'lister')).ids).to.deep.equal(ids);
    await startNoop(await mesh.as('customer', 'another'));
    expect((await list(operator)).ids)
      .to.include.members(ids)
      .and.to.have.length.above(3);
    const first = await list(someone, '', [], 2);
    expect(first.ids).to.deep.equal(ids.slice(0, 2));
    expect(await list(someone, '', [], 2, first.next)).to.deep.equal({
      ids: ids.slice(2),
      next: '',
    });
    const [newest = ''] = ids;
    await someone.workloads.stopAndDeleteWorkload({
      ...about(newest),
      deleteResults: false,
      requestId: '',
    });
    expect((await list(someone, '', ['WORKLOAD_STATE_STOPPED'])).ids).to.deep.equal([newest]);
    expect((await list(someone, '', ['WORKLOAD_STATE_AWAITING_APPROVAL'])).ids).to.deep.equal([]);
  });

  it('refuse page sizes out of bounds and foreign page tokens', async () => {
    const { workloads, customers } = await mesh.as('operator', 'olga');
    const id = await startNoop(await mesh.as('customer', 'paged'));
    const lists = [
      (page: object) => workloads.getWorkloadProgress({ ...about(id), ...firstPage, ...page }),
      (page: object) => workloads.listTasks({ ...about(id), states: [], ...firstPage, ...page }),
      (page: object) =>
        workloads.listResults({ ...about(id), afterRevision: 0, ...firstPage, ...page }),
      (page: object) =>
        workloads.listWorkloads({ customerId: '', states: [], ...firstPage, ...page }),
      (page: object) => customers.listCustomers({ ...firstPage, ...page }),
    ];
    for (const list of lists) {
      expect(await refusal(list({ pageSize: 1_001, pageToken: 'rubbish' }))).to.equal(
        'INVALID_FIELDS page_size page_token',
      );
      expect(await refusal(list({ pageSize: -1 }))).to.equal('INVALID_FIELDS page_size');
      expect(
        await refusal(list({ pageToken: Buffer.from('["x","y"]').toString('base64url') })),
      ).to.equal('INVALID_FIELDS page_token');
      expect(await refusal(list({ pageSize: 1_000 }))).to.equal('answered');
    }
  });
});
