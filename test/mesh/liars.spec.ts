import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { FailureClass, type FailureClassName } from '#libs/contracts/agent.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, failedBody, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { finishTask, handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { ended, named, start } from '../harness/work.ts';

describe('a machine that says the input cannot be used', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let liar: HandAgent;
  let acme: Clients;

  before(async () => {
    mesh = await startMesh();
    liar = await handAgent(mesh, 'liar');
  });
  after(async () => {
    liar?.[Symbol.dispose]();
    await mesh?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    acme = await mesh.customer(systemRandom.id('acme'));
  });

  /** Starts work, which the liar alone can get, and lets it lie about its first task. */
  const lie = async (claim: FailureClassName, by = liar): Promise<string> => {
    const id = await start(acme, { noop: noopSpec({ tasks: 6 }) });
    await say(id, claim, by);
    return id;
  };
  const say = async (id: string, claim: FailureClassName, by: HandAgent): Promise<void> => {
    const attempt = await by.attempt(id);
    const body = failedBody({ failureClass: FailureClass[claim], reason: 'no earth.png' });
    expect(await by.report({ workloadId: id, attempt, body })).to.include({
      verdict: 'VERDICT_ACCEPTED',
    });
  };
  const reasonsOf = async (id: string): Promise<string[]> =>
    (await acme.workloads.explainWorkload(named(id))).reasons.map(({ message }) => message);

  for (const claim of ['SCENE_UNREADABLE', 'MISSING_ASSETS', 'PHYSICS_NOT_BAKED'] as const) {
    it(`ends no workload alone, and another completes it: ${claim}`, async () => {
      const id = await lie(claim);
      expect((await reasonsOf(id))[0]).to.match(
        new RegExp(
          `^liar says that the input cannot be used \\(${claim}\\): no earth.png; it waits`,
        ),
      );
      const { waiting } = await acme.workloads.getWorkload(named(id));
      expect(waiting[0]?.code).to.equal('AWAITS_CONFIRMATION');
      await using honest = await mesh.agent(systemRandom.id('honest'));
      expect(honest).to.not.equal(undefined);
      const workload = await ended(acme, id);
      expect(workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 6 });
      expect(workload.shares.map(({ userName }) => userName)).to.not.include('liar');
    });
  }

  it('ends no workload by saying that its scene is lost', async () => {
    const id = await lie('SCENE_LOST');
    using honest = await handAgent(mesh, 'honest by hand');
    await finishTask(honest);
    const other = await acme.workloads.getWorkloadStatus(named(id));
    expect(other.state).to.equal('WORKLOAD_STATE_RUNNING');
    await acme.workloads.stopAndDeleteWorkload({
      ...named(id),
      deleteResults: false,
      requestId: '',
    });
  });

  it('is believed once a second machine says the same, and both are named', async () => {
    const id = await lie('MISSING_ASSETS');
    using second = await handAgent(mesh, 'beta');
    await say(id, 'MISSING_ASSETS', second);
    expect(await ended(acme, id)).to.include({
      state: 'WORKLOAD_STATE_FAILED',
      reason: 'MISSING_ASSETS',
      reasonMessage: 'no earth.png; liar and beta say so',
    });
  });

  it('is barred from the workload once another completed a task, and people see why', async () => {
    const id = await lie('MISSING_ASSETS');
    using honest = await handAgent(mesh, 'gamma');
    const attempt = await honest.attempt(id);
    await honest.complete(attempt);
    await eventually(async () => expect((await reasonsOf(id)).join()).to.contain('liar'));
    expect((await reasonsOf(id)).join()).to.contain('get none of it until a retry: liar');
    const { attempts } = await acme.workloads.listAttempts({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    expect(
      attempts.filter(({ end }) => end === 'ATTEMPT_END_FAILED').map(({ userName }) => userName),
    ).to.deep.equal(['liar']);
    honest.goToWork(1);
    expect((await ended(acme, id)).state).to.equal('WORKLOAD_STATE_COMPLETED');
  });
});
