import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Attempt } from '#libs/contracts/common.ts';
import { collection } from '#libs/mongo/index.ts';
import { eventually } from '#libs/testing/index.ts';
import { everyEntry } from '../domain/fixtures/workload.ts';
import { begin, type WorkloadHeader } from '../domain/state/workload.ts';
import { done, spoilt } from '../fixtures/users.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { appear, plant } from '../fixtures/plant.ts';
import { about, ended, firstPage, refusal, startNoop } from '../fixtures/requests.ts';
import { projectionOf, type Projection } from '../store/workload-document.ts';
import { createWorkloadStore } from '../store/workloads.ts';

const projectionAt = (of: WorkloadHeader, position: number): Projection => ({
  ...projectionOf(begin(of), ''),
  position,
});

describe('reads', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_RUNNING_WORKLOADS: '5' } });
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  describe('of a running workload', () => {
    let someone: Clients;
    let id: string;
    before(async () => {
      someone = await mesh.as('customer', 'busy');
      id = await startNoop(someone, { tasks: 100, failingTasks: '3', maxFailures: 1 });
      for (const user of ['ann', 'bob']) {
        mesh.users.assign(id, user);
      }
      const finish = async (user: string, attempts: Attempt[]): Promise<void> => {
        const reports = attempts.map((attempt, i) =>
          attempt.task === 'noop/3'
            ? spoilt(id, attempt, { reason: 'broken' })
            : done(id, attempt, i + 1),
        );
        await mesh.users.report(id, user, reports);
      };
      await finish('ann', await mesh.users.work('ann'));
      await finish('bob', await mesh.users.work('bob'));
      await eventually(async () =>
        expect((await someone.workloads.getWorkloadStatus(about(id))).failed).to.equal(1),
      );
    });

    it('GetWorkloadStatus and GetWorkload return state and counts that add up', async () => {
      const status = await someone.workloads.getWorkloadStatus(about(id));
      const { workload, revision } = await someone.workloads.getWorkload(about(id));
      const { completed } = status;
      expect(completed).to.be.above(1);
      const counts = {
        total: 100,
        completed,
        failed: 1,
        remaining: 99 - completed,
        percentage: completed,
        // Nobody checks noop tasks.
        verified: completed,
      };
      const expected = { workloadId: id, state: 'WORKLOAD_STATE_RUNNING', ...counts };
      expect(status).to.deep.equal({ ...expected, revision });
      expect(workload).to.include(expected);
      expect(workload?.startTime).to.be.instanceOf(Date);
      const shares = workload?.shares.map(({ userId, userName, completed: own, seconds }) => [
        userId,
        userName,
        own,
        seconds,
      ]);
      expect(
        shares?.every(
          ([user, name, own, seconds]) => name === `name of ${user}` && own === seconds,
        ),
      ).to.equal(true);
      expect(workload?.shares.reduce((sum, share) => sum + share.completed, 0)).to.equal(completed);
    });

    it('GetWorkloadProgress returns the users, their speed and their tasks, and pages of completed tasks', async () => {
      const { getWorkloadProgress } = someone.workloads;
      const progress = await getWorkloadProgress({ ...about(id), ...firstPage });
      expect(progress).to.include({ activeUsers: 2, nextPageToken: '' });
      // Both are known, or neither is yet.
      expect(progress.eta !== undefined).to.equal(progress.tasksPerMinute > 0);
      expect(progress.held.map(({ userName }) => userName).sort()).to.deep.equal([
        'name of ann',
        'name of bob',
      ]);
      const ranges: unknown[] = [];
      let pageToken = '';
      do {
        const page = await getWorkloadProgress({ ...about(id), pageSize: 1, pageToken });
        expect(page.rendered).to.have.lengthOf(1);
        ranges.push(...page.rendered);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(ranges).to.deep.equal(progress.rendered);
    });

    it('ListTasks returns each task’s state, filtered and paged', async () => {
      const list = async (states: string[], pageSize = 0, pageToken = '') =>
        someone.workloads.listTasks({ ...about(id), states: states as never, pageSize, pageToken });
      const all: unknown[] = [];
      let pageToken = '';
      do {
        const page = await list([], 30, pageToken);
        all.push(...page.tasks);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(all.map((task) => (task as { frame: number }).frame)).to.deep.equal(
        Array.from({ length: 100 }, (_, i) => i),
      );
      const failed = await list(['TASK_STATE_FAILED']);
      expect(failed.tasks).to.deep.equal([
        {
          task: 'noop/3',
          frame: 3,
          state: 'TASK_STATE_FAILED',
          generation: 0,
          userId: '',
          userName: '',
          failures: 1,
          losses: 0,
          reason: 'RENDER_ERROR: broken',
          checkpoint: undefined,
          approval: undefined,
        },
      ]);
      const running = await list(['TASK_STATE_RUNNING']);
      expect(new Set(running.tasks.map(({ userId }) => userId))).to.deep.equal(
        new Set(['ann', 'bob']),
      );
      const finished = await list(['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED']);
      const status = await someone.workloads.getWorkloadStatus(about(id));
      expect(finished.tasks).to.have.lengthOf(status.completed + status.failed);
      expect((await list(['TASK_STATE_WAITING'], 1)).tasks[0]).to.include({
        userId: '',
        failures: 0,
        reason: '',
      });
    });

    it('ListResults returns accepted results in order, paged and from a revision on', async () => {
      const list = (afterRevision: number, pageSize = 0, pageToken = '') =>
        someone.workloads.listResults({ ...about(id), afterRevision, pageSize, pageToken });
      const { results, revision } = await list(0);
      const status = await someone.workloads.getWorkloadStatus(about(id));
      expect(results).to.have.lengthOf(status.completed);
      const positions = results.map(({ position }) => position);
      expect(positions).to.deep.equal(positions.toSorted((a, b) => a - b));
      expect(results[0]).to.deep.include({
        generation: 0,
        blobName: '',
        sizeBytes: 0,
        pixelHash: '',
        seconds: 1,
      });
      expect(results[0]?.acceptTime).to.be.instanceOf(Date);
      expect((await list(revision)).results).to.deep.equal([]);
      const [first] = positions;
      const later = results.filter(({ position }) => position > (first ?? 0));
      expect((await list(first ?? 0)).results).to.deep.equal(later);
      const page = await list(0, 1);
      expect((await list(0, 1_000, page.nextPageToken)).results).to.deep.equal(later);
    });

    it('GetUserCount returns wanted, effective and assigned users', async () => {
      const count = await someone.workloads.getUserCount(about(id));
      expect(count).to.include({ wanted: 100, effective: 100, assigned: 2, sessionId: id });
    });

    it('GetTaskLog takes keys and numbers, and names an unknown task and a missing log', async () => {
      const ask = (task: string) =>
        refusal(someone.workloads.getTaskLog({ ...about(id), task, failed: false }));
      expect(await ask('noop/100')).to.equal('TASK_NOT_FOUND');
      expect(await ask('frames/3')).to.equal('TASK_NOT_FOUND');
      expect(await ask('')).to.equal('TASK_NOT_FOUND');
      expect([await ask('5'), await ask('noop/5'), await ask('3')]).to.deep.equal([
        'NO_LOG',
        'NO_LOG',
        'NO_LOG',
      ]);
    });
  });

  it('show no end before it is in lists and the slot is free', async () => {
    const entries = [[everyEntry.started], [everyEntry.paused], [everyEntry.stopped]];
    const of = await plant(mesh, {
      customer: 'hidden',
      entries,
      owner: await appear(mesh),
      projection: { position: 2 },
    });
    const { workloads } = await mesh.as('customer', 'hidden');
    const shown = await workloads.getWorkload(about(of.id));
    expect(shown.workload).to.include({
      state: 'WORKLOAD_STATE_PAUSED',
      reason: '',
      endTime: undefined,
      revision: 2,
    });
    await createWorkloadStore(collection(mesh.db, 'workloads')).project(
      of.id,
      projectionAt(of, 3),
      true,
    );
    const ending = await workloads.getWorkload(about(of.id));
    expect(ending.workload).to.include({
      state: 'WORKLOAD_STATE_STOPPED',
      reason: 'STOPPED_BY_COMMAND',
      revision: 3,
    });
  });

  it('show the end only after the slot is free, and permanently from then on', async () => {
    const someone = await mesh.as('customer', 'end');
    const id = await startNoop(someone, { tasks: 3 });
    mesh.users.assign(id, 'end-1');
    const [workload] = await Promise.all([ended(someone, id), mesh.users.finishAll(id, 'end-1')]);
    expect(workload).to.include({
      state: 'WORKLOAD_STATE_COMPLETED',
      completed: 3,
      percentage: 100,
      reason: '',
    });
    expect((await mesh.document(id))?.slot).to.equal(undefined);
    const progress = await someone.workloads.getWorkloadProgress({ ...about(id), ...firstPage });
    expect(progress).to.include({ state: 'WORKLOAD_STATE_COMPLETED', nextPageToken: '' });
    expect(progress.rendered.map(({ frames, userId }) => [frames, userId])).to.deep.equal([
      ['0-2', 'end-1'],
    ]);
  });

  describe('that cannot be answered', () => {
    it('are told all of their wrong fields at once', async () => {
      const { workloads } = await mesh.as('operator', 'op');
      const nothing = { workloadId: '', customerId: '' };
      const badPage = { pageSize: 1_001, pageToken: 'x' };
      const requestId = 'r'.repeat(65);
      const refusals = await Promise.all([
        refusal(workloads.setUserCount({ ...nothing, wanted: 100_001, requestId })),
        refusal(workloads.pauseWorkload({ ...nothing, requestId })),
        refusal(
          workloads.listTasks({ ...nothing, ...badPage, states: ['TASK_STATE_UNSPECIFIED'] }),
        ),
        refusal(workloads.getWorkloadProgress({ ...nothing, ...badPage })),
        refusal(workloads.listResults({ ...nothing, ...badPage, afterRevision: 0 })),
        refusal(
          workloads.listWorkloads({
            ...badPage,
            customerId: '',
            states: ['WORKLOAD_STATE_UNSPECIFIED'],
          }),
        ),
      ]);
      expect(refusals).to.deep.equal([
        'INVALID_FIELDS wanted request_id workload_id',
        'INVALID_FIELDS request_id workload_id',
        'INVALID_FIELDS states page_size page_token workload_id',
        'INVALID_FIELDS page_size page_token workload_id',
        'INVALID_FIELDS page_size page_token workload_id',
        'INVALID_FIELDS page_size page_token states',
      ]);
    });
  });

  it('of lists cut long expressions, because a page must fit into a message', async () => {
    const someone = await mesh.as('customer', 'writer@example.com');
    const failingTasks = Array.from({ length: 300 }, (_, i) => i * i).join(',');
    const id = await startNoop(someone, { tasks: 90_000, failingTasks });
    const { workloads } = await someone.workloads.listWorkloads({
      ...firstPage,
      customerId: '',
      states: [],
    });
    const [listed] = workloads.map(({ spec }) =>
      spec?.$case === 'noop' ? spec.value.failingTasks : '',
    );
    expect(listed)
      .to.have.length(200)
      .and.to.match(/^0-1,4,9,.*…$/);
    const { workload } = await someone.workloads.getWorkload(about(id));
    expect(
      workload?.spec?.$case === 'noop' && workload.spec.value.failingTasks.endsWith(',89401'),
    ).to.equal(true);
  });
});
