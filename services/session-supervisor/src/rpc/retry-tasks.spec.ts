import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { done, spoilt } from '../fixtures/users.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, ended, firstPage, refusal, startNoop } from '../fixtures/requests.ts';

describe('RetryTasks and ListAttempts', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
    await mesh.start();
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const retry = ({ workloads }: Clients, id: string, frames: string, requestId = '') =>
    workloads.retryTasks({ ...about(id), frames, requestId });
  const closed = (id: string): Promise<void> =>
    eventually(async () => {
      const document = await mesh.document(id);
      expect(document?.owner).to.equal(null);
      expect(document?.slot).to.equal(undefined);
    });
  /** A customer's workload that has completed and is closed. */
  const completed = async (
    customer: string,
    tasks = 3,
  ): Promise<{ someone: Clients; id: string; user: string }> => {
    const someone = await mesh.as('customer', customer);
    const id = await startNoop(someone, { tasks });
    const user = `u-${customer}`;
    mesh.users.assign(id, user);
    await Promise.all([ended(someone, id), mesh.users.finishAll(id, user)]);
    await closed(id);
    return { someone, id, user };
  };
  const finish = async (someone: Clients, id: string, user: string): Promise<void> => {
    await eventually(() => expect(mesh.users.demands.get(id)?.wanted).to.be.above(0));
    mesh.users.assign(id, user);
    const [workload] = await Promise.all([ended(someone, id), mesh.users.finishAll(id, user)]);
    expect(workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', remaining: 0 });
  };

  it('reopens a completed workload, does the chosen tasks again and completes again', async () => {
    const { someone, id, user } = await completed('again');
    const { workload } = await retry(someone, id, '1-2');
    expect(workload).to.include({ state: 'WORKLOAD_STATE_RUNNING', completed: 1, remaining: 2 });
    expect(workload?.endTime).to.equal(undefined);
    expect(await refusal(startNoop(someone))).to.equal('WORKLOAD_ALREADY_RUNNING');
    await finish(someone, id, user);
    const { results } = await someone.workloads.listResults({
      ...about(id),
      ...firstPage,
      afterRevision: 0,
    });
    expect(results.map(({ frame, generation }) => [frame, generation])).to.have.deep.members([
      [0, 0],
      [1, 1],
      [2, 1],
    ]);
    await closed(id);
    expect(await startNoop(someone)).to.not.equal(id);
  });

  it('reopens a stopped workload, which accepted nothing after the answer to the stop', async () => {
    const someone = await mesh.as('customer', 'stopped');
    const id = await startNoop(someone, { tasks: 2 });
    mesh.users.assign(id, 'u-stopped');
    const [attempt] = await mesh.users.work('u-stopped');
    await someone.workloads.stopAndDeleteWorkload({
      ...about(id),
      deleteResults: false,
      requestId: '',
    });
    await closed(id);
    await retry(someone, id, '0');
    const [late] = await eventually(() =>
      mesh.users.report(id, 'u-stopped', [done(id, attempt!, 1)]),
    );
    expect(late).to.include({ verdict: 'VERDICT_SETTLED', reason: 'OUTDATED_GENERATION' });
    await finish(someone, id, 'u-stopped');
  });

  it('answers a repetition without an effect, and refuses an id of another request', async () => {
    const { someone, id, user } = await completed('repeated');
    await Promise.all([
      retry(someone, id, '0', 'r-1'),
      retry(someone, id, '0', 'r-1'),
      retry(someone, id, '0', 'r-1'),
    ]);
    await finish(someone, id, user);
    await closed(id);
    expect((await retry(someone, id, '0', 'r-1')).workload?.state).to.equal(
      'WORKLOAD_STATE_COMPLETED',
    );
    expect(await refusal(retry(someone, id, '1', 'r-1'))).to.equal('REQUEST_ID_REUSED');
    const documents = await Array.fromAsync(mesh.journal.read(id, 0));
    const retries = documents
      .flatMap(({ entries }) => entries)
      .filter(({ kind }) => kind === 'retried');
    expect(retries).to.have.lengthOf(1);
  });

  it('is refused while another workload has the slot', async () => {
    const { someone, id } = await completed('full');
    const other = await startNoop(someone);
    const thrown = await retry(someone, id, '0').catch((error: unknown) => error);
    expect(thrown).to.deep.include({
      reason: 'WORKLOAD_ALREADY_RUNNING',
      metadata: { customer: 'full', workloads: other },
    });
    expect((await someone.workloads.getWorkloadStatus(about(id))).completed).to.equal(3);
  });

  it('refuses bad frames, foreign frames, and deleted results', async () => {
    const { someone, id } = await completed('wrong');
    expect(await refusal(retry(someone, id, '1-'))).to.equal('FRAMES_INVALID');
    const thrown = await retry(someone, id, '2-9').catch((error: unknown) => error);
    expect(thrown)
      .to.have.nested.property('violations[0].description')
      .that.matches(/^workload w-\w+ has no frame 3\b/);
    const deleted = await startNoop(someone);
    await someone.workloads.stopAndDeleteWorkload({
      ...about(deleted),
      deleteResults: true,
      requestId: '',
    });
    expect(await refusal(retry(someone, deleted, '1'))).to.equal('RESULTS_DELETED');
  });

  it('closes a workload again whose reopening was not finished, and frees the slot', async () => {
    const { someone, id } = await completed('halfway');
    await mesh.db
      .collection('workloads')
      .updateOne(
        { _id: id as never },
        { $set: { owner: 'i-gone', slot: 0 }, $unset: { sweepAt: '' } },
      );
    await closed(id);
    expect((await someone.workloads.getWorkloadStatus(about(id))).completed).to.equal(3);
    expect(await startNoop(someone)).to.not.equal(id);
  });

  it('ListAttempts returns every attempt once, with user and duration, and counts refused reports', async () => {
    const someone = await mesh.as('customer', 'ledger');
    const id = await startNoop(someone, { tasks: 2 });
    mesh.users.assign(id, 'u-l1');
    const [first] = await mesh.users.work('u-l1');
    await mesh.users.report(id, 'u-l1', [spoilt(id, first!)]);
    await mesh.users.report(id, 'u-l1', [done(id, { ...first!, token: Buffer.from('forged') }, 1)]);
    mesh.users.assign(id, 'u-l2');
    const [second] = await eventually(async () => {
      const own = await mesh.users.work('u-l1');
      expect(own[0]?.task).to.not.equal(first?.task);
      return own;
    });
    await mesh.users.report(id, 'u-l1', [done(id, second!, 1)]);
    await Promise.all([ended(someone, id), mesh.users.finishAll(id, 'u-l2')]);
    const { attempts, refused } = await eventually(async () => {
      const answer = await someone.workloads.listAttempts({ ...about(id), ...firstPage });
      expect(answer.refused).to.have.lengthOf(1);
      return answer;
    });
    expect(attempts.map(({ end, userId, seconds }) => [end, userId, seconds])).to.deep.equal([
      ['ATTEMPT_END_FAILED', 'u-l1', 1],
      ['ATTEMPT_END_ACCEPTED', 'u-l1', 1],
      ['ATTEMPT_END_ACCEPTED', 'u-l2', 1],
    ]);
    expect(attempts[0]).to.include({
      failureClass: 'FAILURE_CLASS_RENDER_ERROR',
      reason: 'no light',
    });
    const who = { userId: 'u-l1', userName: 'u-l1' };
    expect(refused).to.deep.equal([{ ...who, reason: 'TOKEN_INVALID', count: 1 }]);
  });
});
