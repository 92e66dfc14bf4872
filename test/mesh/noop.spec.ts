import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { errorOf, noopSpec } from '#libs/testing/index.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { download } from '../harness/uploads.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

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
    const id = await start(acme, { noop: noopSpec({ tasks: 200, durationMs: 5 }) });
    const workload = await ended(acme, id);
    expect(workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 200 });
    expect(workload.shares.map(({ userName }) => userName).sort()).to.deep.equal(['alpha', 'beta']);
    const tasks = (await resultsOf(acme, id)).map(({ task }) => task);
    expect([tasks.length, new Set(tasks).size]).to.deep.equal([200, 200]);
  });

  it('stores results as blobs if they have bytes', async () => {
    const acme = await mesh.customer('acme');
    const id = await start(acme, { noop: noopSpec({ tasks: 6, resultBytes: 100 }) });
    expect((await ended(acme, id)).state).to.equal('WORKLOAD_STATE_COMPLETED');
    for (const result of await resultsOf(acme, id)) {
      expect(await download(acme, result)).to.have.length(100);
    }
  });

  it('goes through its steps in order, names tasks by step, and does named tasks again', async () => {
    const acme = await mesh.customer('acme');
    const { workloads } = acme;
    const id = await start(acme, {
      noop: noopSpec({
        tasks: 0,
        resultBytes: 10,
        failingTasks: 'mesh/2',
        maxFailures: 1,
        nodes: [
          { id: 'mesh', tasks: 3, durationMs: 20, after: [] },
          { id: 'solve', tasks: 3, after: [{ node: 'mesh', on: 'EDGE_CONDITION_SUCCESS' }] },
          { id: 'report', tasks: 3, after: [{ node: 'solve', on: 'EDGE_CONDITION_END' }] },
        ],
      }),
    });
    const workload = await ended(acme, id);
    expect(workload).to.include({ state: 'WORKLOAD_STATE_FAILED', completed: 7, failed: 2 });
    expect(workload.reasonMessage).to.contain('mesh/2,solve/2');
    const position = new Map(
      (await resultsOf(acme, id)).map((result) => [result.task, result.position]),
    );
    for (const i of [0, 1]) {
      expect(position.get(`solve/${i}`)).to.be.above(position.get(`mesh/${i}`) ?? Infinity);
      expect(position.get(`report/${i}`)).to.be.above(position.get(`solve/${i}`) ?? Infinity);
    }
    const progress = await workloads.getWorkloadProgress({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    expect(progress.nodes).to.deep.equal([
      { node: 'mesh', total: 3, completed: 2, failed: 1, remaining: 0 },
      { node: 'solve', total: 3, completed: 2, failed: 1, remaining: 0 },
      { node: 'report', total: 3, completed: 3, failed: 0, remaining: 0 },
    ]);
    const rendered = progress.rendered.flatMap(({ frames }) => frames.split(','));
    expect(rendered.every((part) => /^(mesh|solve|report)\//.test(part))).to.equal(true);

    await workloads.retryTasks({ ...named(id), frames: 'mesh/0', requestId: '' });
    const again = await ended(acme, id);
    expect(again).to.include({ state: 'WORKLOAD_STATE_FAILED', completed: 7, failed: 2 });
    const generations = new Map(
      (await resultsOf(acme, id)).map(({ task, generation }) => [task, generation]),
    );
    for (const step of ['mesh', 'solve', 'report']) {
      expect(
        [0, 1].map((i) => generations.get(`${step}/${i}`)),
        step,
      ).to.deep.equal([1, 0]);
    }
    const unknown = await errorOf(
      workloads.retryTasks({ ...named(id), frames: 'cut/0', requestId: '' }),
    );
    expect(unknown).to.include({ reason: 'INVALID_FIELDS' });
  });
});
