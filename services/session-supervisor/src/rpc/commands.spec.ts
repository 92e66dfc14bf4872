import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { done } from '../fixtures/users.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { appear } from '../fixtures/plant.ts';
import { about, ended, refusal, startNoop } from '../fixtures/requests.ts';

describe('commands', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** A customer's workload of ten tasks and its user at work. */
  const running = async (
    customer: string,
    tasks = 10,
  ): Promise<{ someone: Clients; id: string; user: string }> => {
    const someone = await mesh.as('customer', customer);
    const id = await startNoop(someone, { tasks });
    const user = `u-${customer}`;
    mesh.users.assign(id, user);
    await mesh.users.work(user);
    return { someone, id, user };
  };
  const kinds = async (id: string): Promise<string[]> => {
    const documents = await Array.fromAsync(mesh.journal.read(id, 0));
    return documents.flatMap(({ entries }) => entries.map(({ kind }) => kind));
  };
  const commandsOf = ({ workloads }: Clients, id: string, requestId = '') => ({
    pause: () => workloads.pauseWorkload({ ...about(id), requestId }),
    resume: () => workloads.resumeWorkload({ ...about(id), requestId }),
    wanted: (wanted: number) => workloads.setUserCount({ ...about(id), wanted, requestId }),
    stop: (deleteResults = false) =>
      workloads.stopAndDeleteWorkload({ ...about(id), deleteResults, requestId }),
  });

  describe('StopAndDeleteWorkload', () => {
    it('ends a workload: nothing is accepted after the answer, its users go, the slot is free', async () => {
      const { someone, id, user } = await running('stop');
      const [attempt] = await mesh.users.work(user);
      const { workload, revision } = await commandsOf(someone, id).stop();
      expect(workload).to.include({
        state: 'WORKLOAD_STATE_STOPPED',
        reason: 'STOPPED_BY_COMMAND',
        completed: 0,
      });
      expect(workload?.endTime).to.be.instanceOf(Date);
      expect(revision).to.be.at.least(2);
      const late = await mesh.users
        .report(id, user, [done(id, attempt!, 1)])
        .catch(() => undefined);
      expect(late ?? []).to.not.deep.include({
        reportId: 1,
        verdict: 'VERDICT_ACCEPTED',
        reason: '',
      });
      expect((await someone.workloads.getWorkloadStatus(about(id))).completed).to.equal(0);
      expect(await startNoop(someone)).to.not.equal(id);
      await eventually(() => expect(mesh.users.released).to.include(`${id}/${user}`));
    });

    it('answers OK for a stopped workload, even after it is closed', async () => {
      const { someone, id } = await running('stopped');
      const { stop } = commandsOf(someone, id);
      await stop();
      expect((await stop()).workload?.state).to.equal('WORKLOAD_STATE_STOPPED');
      await eventually(async () => expect((await mesh.document(id))?.owner).to.equal(null));
      expect((await stop()).workload?.state).to.equal('WORKLOAD_STATE_STOPPED');
      expect((await kinds(id)).filter((kind) => kind === 'stopped')).to.have.lengthOf(1);
    });

    it('refuses a completed workload and names its state', async () => {
      const { someone, id, user } = await running('completed', 2);
      await Promise.all([ended(someone, id), mesh.users.finishAll(id, user)]);
      const thrown = await commandsOf(someone, id)
        .stop()
        .catch((error: unknown) => error);
      expect(thrown).to.deep.include({
        reason: 'WORKLOAD_ENDED',
        metadata: { workload: id, state: 'COMPLETED' },
      });
    });

    it('records in the journal that results are to be removed', async () => {
      const { someone, id } = await running('delete');
      await commandsOf(someone, id).stop(true);
      const documents = await Array.fromAsync(mesh.journal.read(id, 0));
      expect(documents.flatMap(({ entries }) => entries)).to.deep.include({
        kind: 'stopped',
        deleteResults: true,
      });
    });
  });

  describe('PauseWorkload and ResumeWorkload', () => {
    it('stop hand-outs, count running tasks, free the users, and go on', async () => {
      const { someone, id, user } = await running('pause', 50);
      const { pause, resume } = commandsOf(someone, id);
      expect((await pause()).workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
      const [attempt, ...more] = await eventually(() => {
        const attempts = mesh.users.desired(user)?.attempts ?? [];
        expect(attempts).to.have.lengthOf(1);
        return attempts;
      });
      expect(more).to.deep.equal([]);
      const outcomes = await mesh.users.report(id, user, [done(id, attempt!, 1)]);
      expect(outcomes).to.deep.equal([{ reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' }]);
      await eventually(() => expect(mesh.users.released).to.include(`${id}/${user}`));
      await eventually(() => expect(mesh.users.demands.get(id)?.wanted).to.equal(0));
      expect((await resume()).workload).to.include({
        state: 'WORKLOAD_STATE_RUNNING',
        completed: 1,
      });
      mesh.users.assign(id, `${user}-2`);
      await Promise.all([ended(someone, id), mesh.users.finishAll(id, `${user}-2`)]);
    });

    it('answer OK without an entry if nothing has to change', async () => {
      const { someone, id } = await running('idle');
      const { pause, resume } = commandsOf(someone, id);
      await resume();
      await pause();
      await pause();
      expect(
        (await kinds(id)).filter((kind) => kind === 'paused' || kind === 'resumed'),
      ).to.deep.equal(['paused']);
    });

    it('leave a workload that never began pending', async () => {
      const someone = await mesh.as('customer', 'never');
      const id = await startNoop(someone);
      const { pause, resume } = commandsOf(someone, id);
      expect((await pause()).workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
      expect((await resume()).workload?.state).to.equal('WORKLOAD_STATE_PENDING');
    });
  });

  describe('SetUserCount', () => {
    it('asks for more users at once, gives surplus users back, and clamps to the plan', async () => {
      const { someone, id, user } = await running('count', 500);
      mesh.users.assign(id, `${user}-2`);
      await mesh.users.work(`${user}-2`);
      const { wanted } = commandsOf(someone, id);
      expect(await wanted(1_000)).to.include({
        wanted: 1_000,
        effective: 100,
        assigned: 2,
        sessionId: id,
      });
      await eventually(() => expect(mesh.users.demands.get(id)?.wanted).to.equal(100));
      await wanted(1);
      const leaving = await eventually(() => {
        const sizes = [user, `${user}-2`].filter(
          (each) => mesh.users.desired(each)?.attempts.length === 1,
        );
        expect(sizes).to.have.lengthOf(1);
        return sizes[0] ?? '';
      });
      const [attempt] = await mesh.users.work(leaving);
      await mesh.users.report(id, leaving, [done(id, attempt!, 1)]);
      await eventually(() => expect(mesh.users.released).to.include(`${id}/${leaving}`));
      expect(await someone.workloads.getUserCount(about(id))).to.include({
        wanted: 1,
        effective: 1,
        assigned: 1,
      });
      expect(await wanted(0)).to.include({ wanted: 0, effective: 0 });
    });

    it('refuses a number above the bound', async () => {
      const { someone, id } = await running('toomany');
      expect(await refusal(commandsOf(someone, id).wanted(100_001))).to.equal(
        'INVALID_FIELDS wanted',
      );
    });
  });

  describe('each', () => {
    it('is refused after the end, before and after it is closed', async () => {
      const { someone, id } = await running('over');
      const { stop, pause, resume, wanted } = commandsOf(someone, id);
      await stop();
      for (const what of [pause, resume, () => wanted(1)]) {
        expect(await refusal(what())).to.equal('WORKLOAD_ENDED');
      }
      await eventually(async () => expect((await mesh.document(id))?.owner).to.equal(null));
      for (const what of [pause, resume, () => wanted(1)]) {
        expect(await refusal(what())).to.equal('WORKLOAD_ENDED');
      }
    });

    it('is done once for each request_id, and repetitions are answered even after the end', async () => {
      const { someone, id } = await running('request');
      const asked = commandsOf(someone, id, 'r1');
      await asked.wanted(5);
      await commandsOf(someone, id).wanted(7);
      expect(await asked.wanted(5)).to.include({ wanted: 7 });
      expect(await refusal(asked.wanted(6))).to.equal('REQUEST_ID_REUSED');
      expect(await refusal(asked.pause())).to.equal('REQUEST_ID_REUSED');
      expect((await kinds(id)).filter((kind) => kind === 'wanted-set')).to.have.lengthOf(2);
      await commandsOf(someone, id).stop();
      expect(await refusal(asked.wanted(5))).to.equal('answered');
      await eventually(async () => expect((await mesh.document(id))?.owner).to.equal(null));
      expect(await refusal(asked.wanted(5))).to.equal('answered');
      expect(await refusal(asked.wanted(6))).to.equal('REQUEST_ID_REUSED');
    });

    it('refuses a request_id that is too long', async () => {
      const { someone, id } = await running('long');
      const { pause, resume, wanted, stop } = commandsOf(someone, id, 'x'.repeat(65));
      for (const what of [pause, resume, () => wanted(1), stop]) {
        expect(await refusal(what())).to.equal('INVALID_FIELDS request_id');
      }
    });

    it('waits until its deadline for a workload without an owner, then says that it changes hands', async () => {
      const { someone, id } = await running('orphan');
      const owner = await appear(mesh);
      await mesh.db.collection('workloads').updateOne({ _id: id as never }, { $set: { owner } });
      const { pauseWorkload } = someone.workloads;
      await eventually(async () => {
        const call = pauseWorkload({ ...about(id), requestId: '' }, { deadlineMs: 700 });
        expect(await refusal(call)).to.equal('WORKLOAD_CHANGES_HANDS');
      });
      await mesh.db.collection('supervisors').deleteOne({ _id: owner as never });
      const paused = await pauseWorkload({ ...about(id), requestId: '' }, { deadlineMs: 10_000 });
      expect(paused.workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
    });
  });
});
