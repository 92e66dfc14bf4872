import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, errorOf, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { finishTask, handAgent, holding, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { uploadResult } from '../harness/uploads.ts';
import { usersUntil } from '../harness/users.ts';
import { customerOf, hasEnded, named, resultsOf, start } from '../harness/work.ts';

/** A request to start work with 0 users. */
const request = (requestId: string, tasks = 3) => ({
  objectId: '',
  spec: { $case: 'noop', value: noopSpec({ tasks }) } as const,
  wantedUsers: 0,
  requestId,
  customerId: '',
  queue: false,
});

describe('commands to a workload', function () {
  this.timeout(30_000);
  let mesh: Mesh;
  let agents: HandAgent[];
  let acme: Clients;
  let customer: string;
  const none = { requestId: '' };

  before(async () => {
    mesh = await startMesh({
      supervisor: { MUSTER_SWEEP_AFTER: '100ms', MUSTER_SWEEP_EVERY: '100ms' },
    });
    agents = await Promise.all(
      ['alpha', 'beta', 'gamma', 'delta'].map((name) => handAgent(mesh, name)),
    );
  });
  after(async () => {
    for (const agent of agents) {
      agent[Symbol.dispose]();
    }
    await mesh[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    customer = systemRandom.id('acme');
    acme = await mesh.customer(customer);
  });
  afterEach(async () => {
    const { workloads } = await acme.workloads.listWorkloads({
      customerId: '',
      states: [],
      pageSize: 0,
      pageToken: '',
    });
    for (const workload of workloads) {
      if (!hasEnded(workload)) {
        await stop(workload.workloadId);
      }
    }
    await usersUntil(mesh.operator, (users) => users.every(({ workloadId }) => workloadId === ''));
  });

  const stop = (id: string, deleteResults = false) =>
    acme.workloads.stopAndDeleteWorkload({ ...named(id), ...none, deleteResults });
  const setUserCount = (id: string, wanted: number) =>
    acme.workloads.setUserCount({ ...named(id), ...none, wanted });
  const statusOf = (id: string) => acme.workloads.getWorkloadStatus(named(id));
  /** Resolves with the agents when this number of users serves the workload. */
  const serving = async (id: string, count: number): Promise<HandAgent[]> => {
    const users = await usersUntil(
      mesh.operator,
      (connected) => connected.filter(({ workloadId }) => workloadId === id).length === count,
    );
    const ids = new Set(
      users.filter(({ workloadId }) => workloadId === id).map(({ userId }) => userId),
    );
    return agents.filter(({ machine }) => ids.has(machine));
  };

  describe('SetUserCount', () => {
    it('brings more users at once, and gives surplus ones back after their current task', async () => {
      const id = await start(acme, { noop: noopSpec({ tasks: 100 }) }, { wantedUsers: 1 });
      await holding(await serving(id, 1), 2);
      const { wanted, effective, sessionId } = await setUserCount(id, 3);
      expect({ wanted, effective, sessionId }).to.deep.equal({
        wanted: 3,
        effective: 3,
        sessionId: id,
      });
      const three = await serving(id, 3);
      await holding(three, 2);
      expect((await acme.workloads.getUserCount(named(id))).assigned).to.equal(3);

      await setUserCount(id, 1);
      const leaving = await three[0]!.until(() => {
        const some = three.filter((agent) => agent.work().attempts.length === 1);
        return some.length === 2 && some;
      });
      await serving(id, 3);
      for (const [i, agent] of leaving.entries()) {
        await finishTask(agent);
        expect(await serving(id, 2 - i)).not.to.include(agent);
      }
      expect((await acme.workloads.getUserCount(named(id))).assigned).to.equal(1);
      expect((await statusOf(id)).completed).to.equal(2);
    });

    it('takes 0, and goes on from there', async () => {
      const id = await start(acme, { noop: noopSpec({ tasks: 10 }) }, { wantedUsers: 0 });
      await serving(id, 0);
      expect((await acme.workloads.explainWorkload(named(id))).reasons[0]?.code).to.equal(
        'NO_USER_WANTED',
      );
      await setUserCount(id, 2);
      const two = await serving(id, 2);
      await holding(two, 2);
      await setUserCount(id, 0);
      await holding(two, 1);
      await Promise.all(two.map(finishTask));
      await serving(id, 0);
      await setUserCount(id, 4);
      await serving(id, 4);
      expect((await statusOf(id)).state).to.equal('WORKLOAD_STATE_RUNNING');
    });

    it('never goes beyond the plan, and says so', async () => {
      await mesh.operator.customers.putCustomer({
        customer: customerOf(customer, { users: 2 }),
        updateMask: undefined,
      });
      const id = await start(acme, { noop: noopSpec({ tasks: 100 }) });
      await serving(id, 2);
      const { wanted, effective } = await setUserCount(id, 50);
      expect({ wanted, effective }).to.deep.equal({ wanted: 50, effective: 2 });
      await serving(id, 2);
    });
  });

  describe('PauseWorkload', () => {
    it('lets running tasks finish and count, then frees the users until ResumeWorkload', async () => {
      const id = await start(acme, { noop: noopSpec({ tasks: 20 }) }, { wantedUsers: 2 });
      const two = await serving(id, 2);
      await holding(two, 2);
      const { workload } = await acme.workloads.pauseWorkload({ ...named(id), ...none });
      expect(workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
      await holding(two, 1);
      await Promise.all(two.map(finishTask));
      await serving(id, 0);
      expect(await statusOf(id)).to.include({ state: 'WORKLOAD_STATE_PAUSED', completed: 2 });
      expect((await acme.workloads.explainWorkload(named(id))).reasons[0]?.code).to.equal('PAUSED');

      const resumed = await acme.workloads.resumeWorkload({ ...named(id), ...none });
      expect(resumed.workload?.state).to.equal('WORKLOAD_STATE_RUNNING');
      const again = await serving(id, 2);
      await Promise.all(again.map(finishTask));
      expect((await statusOf(id)).completed).to.equal(4);
    });
  });

  describe('StopAndDeleteWorkload', () => {
    it('refuses results after its answer, and frees the slot before it', async () => {
      const id = await start(acme, { noop: noopSpec({ tasks: 20 }) }, { wantedUsers: 2 });
      const two = await serving(id, 2);
      const [first, second] = await Promise.all(two.map((agent) => agent.attempt(id)));
      expect((await two[0]!.complete(first!)).verdict).to.equal('VERDICT_ACCEPTED');

      const { workload } = await stop(id);
      const [next, late] = await Promise.all([
        start(acme, { noop: noopSpec({ tasks: 1 }) }, { wantedUsers: 0 }),
        two[1]!.complete(second!, { workload: id }),
      ]);
      expect(workload).to.include({
        state: 'WORKLOAD_STATE_STOPPED',
        reason: 'STOPPED_BY_COMMAND',
        completed: 1,
      });
      expect(late).to.include({ verdict: 'VERDICT_SETTLED', reason: 'WORKLOAD_ENDED' });
      await holding(two, 0);
      expect(await statusOf(id)).to.include({ state: 'WORKLOAD_STATE_STOPPED', completed: 1 });
      expect(await resultsOf(acme, id)).to.have.length(1);
      expect((await stop(id)).workload?.state).to.equal('WORKLOAD_STATE_STOPPED');
      expect((await statusOf(next)).state).to.equal('WORKLOAD_STATE_PENDING');
    });
  });

  describe('the blobs that StopAndDeleteWorkload leaves', () => {
    const storedOf = async (id: string): Promise<string[]> => {
      const { blobs } = await mesh.operator.blobs.listBlobs({
        prefix: `results/${id}/`,
        pageSize: 0,
        pageToken: '',
      });
      return blobs.map(({ blobName }) => blobName);
    };
    /** Makes a workload with one accepted and one merely stored result. Returns the blob of the accepted one. */
    const halfDone = async (): Promise<{ id: string; blob: string }> => {
      const id = await start(
        acme,
        { noop: noopSpec({ tasks: 5, resultBytes: 50 }) },
        { wantedUsers: 2 },
      );
      const stored = await Promise.all(
        (await serving(id, 2)).map(async (agent) => {
          const attempt = await agent.attempt(id);
          const upload = await uploadResult(
            mesh,
            { ...agent, workload: id, attempt },
            randomBytes(50),
          );
          return { agent, attempt, ...upload };
        }),
      );
      const [{ agent, attempt, sha256, receipt, blobName }] = stored as [(typeof stored)[0]];
      expect((await agent.complete(attempt, { sha256, receipt })).verdict).to.equal(
        'VERDICT_ACCEPTED',
      );
      expect(await storedOf(id)).to.have.length(2);
      return { id, blob: blobName };
    };

    it('are the accepted results', async () => {
      const { id, blob } = await halfDone();
      await stop(id);
      await eventually(async () => expect(await storedOf(id)).to.deep.equal([blob]));
    });

    it('are none with delete_results', async () => {
      const { id } = await halfDone();
      await stop(id, true);
      await eventually(async () => expect(await storedOf(id)).to.deep.equal([]));
    });
  });

  describe('StartWorkload', () => {
    it('lets one of fifty simultaneous starts win', async () => {
      const starts = await Promise.allSettled(
        Array.from({ length: 50 }, () => acme.workloads.startWorkload(request(''))),
      );
      const won = starts.flatMap((each) =>
        each.status === 'fulfilled' ? [each.value.workload?.workloadId] : [],
      );
      expect(won).to.have.length(1);
      for (const each of starts) {
        if (each.status === 'fulfilled') {
          continue;
        }
        expect(each.reason).to.include({
          code: status.ALREADY_EXISTS,
          reason: 'WORKLOAD_ALREADY_RUNNING',
        });
        expect((each.reason as { metadata: unknown }).metadata).to.deep.include({
          workloads: won[0],
        });
      }
    });

    it('returns the same workload to the same request_id, even at the same time, and refuses another request', async () => {
      const starts = await Promise.all(
        Array.from({ length: 10 }, () => acme.workloads.startWorkload(request('r-1'))),
      );
      expect(new Set(starts.map(({ workload }) => workload?.workloadId)).size).to.equal(1);
      expect(await errorOf(acme.workloads.startWorkload(request('r-1', 4)))).to.include({
        code: status.INVALID_ARGUMENT,
        reason: 'REQUEST_ID_REUSED',
      });
      const { workload } = await stop(starts[0]?.workload?.workloadId ?? '');
      const known = await acme.workloads.startWorkload(request('r-1'));
      expect(known.workload).to.include({
        workloadId: workload?.workloadId,
        state: 'WORKLOAD_STATE_STOPPED',
      });
    });
  });

  it('obeys a command with the same request_id once, and refuses another command with that id', async () => {
    const id = await start(acme, { noop: noopSpec({ tasks: 3 }) }, { wantedUsers: 0 });
    const ask = { ...named(id), wanted: 0, requestId: 'c-1' };
    const first = await acme.workloads.setUserCount(ask);
    await acme.workloads.setUserCount({ ...ask, wanted: 1, requestId: 'c-2' });
    const again = await acme.workloads.setUserCount(ask);
    expect([first.wanted, again.wanted]).to.deep.equal([0, 1]);
    const other = acme.workloads.pauseWorkload({ ...named(id), requestId: 'c-1' });
    expect(await errorOf(other)).to.include({
      code: status.INVALID_ARGUMENT,
      reason: 'REQUEST_ID_REUSED',
    });
  });
});
