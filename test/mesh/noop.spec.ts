import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { download } from '../harness/uploads.ts';
import { ended, noop, resultsOf, start } from '../harness/work.ts';

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
    expect(workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 200 });
    expect(workload.shares.map(({ userName }) => userName).sort()).to.deep.equal(['alpha', 'beta']);
    const tasks = (await resultsOf(acme, id)).map(({ task }) => task);
    expect([tasks.length, new Set(tasks).size]).to.deep.equal([200, 200]);
  });

  it('stores results as blobs where they have bytes', async () => {
    const acme = await mesh.customer('acme');
    const id = await start(acme, { noop: noop({ tasks: 6, resultBytes: 100 }) });
    expect((await ended(acme, id)).state).to.equal('WORKLOAD_STATE_COMPLETED');
    for (const result of await resultsOf(acme, id)) expect(await download(acme, result)).to.have.length(100);
  });
});
