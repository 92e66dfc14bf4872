import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { eventually, type RunningService, noopSpec, withoutTag } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { usersUntil } from '../harness/users.ts';
import { ended, hasEnded, named, resultsOf, start } from '../harness/work.ts';

const firstPage = { pageSize: 0, pageToken: '' };

describe('a result that an agent has finished', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let agent: RunningService;
  let acme: Clients;

  before(async () => {
    mesh = await startMesh();
    agent = await mesh.agent('alpha');
    acme = await mesh.customer('acme');
  });
  after(() => mesh[Symbol.asyncDispose]());
  afterEach(async () => {
    await usersUntil(mesh.operator, (users) => users.length === 1 && users[0]?.workloadId === '');
  });

  const blobsOf = async (id: string): Promise<string[]> => {
    const { blobs } = await mesh.operator.blobs.listBlobs({
      prefix: `results/${id}/`,
      pageSize: 0,
      pageToken: '',
    });
    return blobs.map(({ blobName }) => blobName);
  };
  /** The agent works on a task while a part of the mesh is away, and stores the result. */
  const finishWithout = async (
    part: RunningService,
    signal: 'SIGSTOP' | 'SIGKILL',
  ): Promise<string> => {
    const id = await start(acme, {
      noop: noopSpec({ tasks: 1, durationMs: 1_500, resultBytes: 200 }),
    });
    await eventually(async () => {
      const { workload } = await acme.workloads.getWorkload(named(id));
      expect(workload?.state).to.equal('WORKLOAD_STATE_RUNNING');
      expect(
        (await mesh.operator.workloads.getWorkloadProgress({ ...named(id), ...firstPage }))
          .activeUsers,
      ).to.equal(1);
    });
    await part.kill(signal);
    await eventually(async () => expect(await blobsOf(id)).to.have.lengthOf(1), {
      withinMs: 10_000,
    });
    return id;
  };

  it('counts even if the agent is killed before it reports, and is not done twice', async () => {
    const id = await finishWithout(mesh.services.supervisor, 'SIGSTOP');
    const stored = await blobsOf(id);
    await agent.kill('SIGKILL');
    await agent.restart();
    await mesh.services.supervisor.kill('SIGCONT');
    await ended(acme, id);
    const results = await resultsOf(acme, id);
    expect(results.map(({ blobName }) => blobName)).to.deep.equal(stored);
    expect(await blobsOf(id)).to.deep.equal(stored);
  });

  it('is uploaded by the next run of the agent if blob was away, and is not done twice', async () => {
    await mesh.services.blob.kill('SIGKILL');
    const id = await start(acme, { noop: noopSpec({ tasks: 1, resultBytes: 200 }) });
    // The result is durable before the agent tries to upload it.
    const delayed = async () =>
      (await readFile(agent.logFile, 'utf8'))
        .split('\n')
        .find((line) => line.includes(id) && line.includes('could not be uploaded yet'));
    const line = await eventually(
      async () => {
        const found = await delayed();
        if (found === undefined) {
          throw new Error('nothing to upload yet');
        }
        return found;
      },
      { withinMs: 15_000 },
    );
    await agent.kill('SIGKILL');
    await mesh.services.blob.restart();
    await agent.restart();
    await ended(acme, id);
    const { attempt } = JSON.parse(line) as { attempt: string };
    const names = (await resultsOf(acme, id)).map(({ blobName }) => blobName);
    expect(names.map(withoutTag)).to.deep.equal([`results/${id}/noop/0/0-${attempt}.bin`]);
    expect(await blobsOf(id)).to.deep.equal(names);
  });

  it('is delivered when the mesh is back, and dropped if the workload was stopped meanwhile', async () => {
    const id = await finishWithout(mesh.services.manager, 'SIGKILL');
    await agent.kill('SIGKILL');
    await acme.workloads.stopAndDeleteWorkload({
      ...named(id),
      deleteResults: false,
      requestId: '',
    });
    await mesh.services.manager.restart();
    await agent.restart();
    await eventually(
      async () => {
        const { refused } = await acme.workloads.listAttempts({ ...named(id), ...firstPage });
        const [first] = refused;
        expect(refused).to.deep.include.members([
          { ...first, reason: 'WORKLOAD_ENDED', userName: 'alpha' },
        ]);
      },
      { withinMs: 15_000 },
    );
    const { workload } = await acme.workloads.getWorkload(named(id));
    expect(hasEnded(workload)).to.equal(true);
    expect(workload?.completed).to.equal(0);
  });
});
