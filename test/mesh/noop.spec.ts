import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { ended, noop, start } from '../harness/work.ts';

describe('a noop workload through the whole mesh', function () {
  this.timeout(60_000);
  let mesh: Mesh;

  before(async () => {
    mesh = await startMesh();
    await mesh.agent('alpha');
    await mesh.agent('beta');
  });
  after(() => mesh[Symbol.asyncDispose]());

  it('is done by two agents and every task is accepted once', async () => {
    const acme = await mesh.customer('acme');
    const id = await start(acme, { noop: noop({ tasks: 200, durationMs: 5 }) });
    const workload = await ended(acme, id);
    expect(workload.state).to.equal('WORKLOAD_STATE_COMPLETED');
    expect(workload.completed).to.equal(200);
    expect(workload.shares.map(({ userName }) => userName).sort()).to.deep.equal(['alpha', 'beta']);
    const { results } = await acme.workloads.listResults({
      workloadId: id,
      customerId: '',
      afterRevision: 0,
      pageSize: 1_000,
      pageToken: '',
    });
    expect(new Set(results.map(({ task }) => task)).size).to.equal(200);
  });

  it('stores results as blobs where they have bytes', async () => {
    const acme = await mesh.customer('acme');
    const id = await start(acme, { noop: noop({ tasks: 6, resultBytes: 100 }) });
    expect((await ended(acme, id)).state).to.equal('WORKLOAD_STATE_COMPLETED');
    const { results } = await acme.workloads.listResults({
      workloadId: id,
      customerId: '',
      afterRevision: 0,
      pageSize: 0,
      pageToken: '',
    });
    const [first] = results;
    let bytes = 0;
    for await (const { chunk } of acme.blobs.download({
      blobName: first?.blobName ?? '',
      grant: first?.grant ?? Buffer.alloc(0),
      offset: 0,
      lengthBytes: 0,
    })) {
      bytes += chunk.length;
    }
    expect(bytes).to.equal(100);
  });
});
