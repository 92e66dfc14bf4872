import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { NoopSpec } from '#libs/contracts/common.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, type RunningService, type TestStore, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { follow, type Following } from '../harness/follow.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { usersUntil } from '../harness/users.ts';
import { hasEnded, named, resultsOf, start } from '../harness/work.ts';

/** Time from the return of a part until work goes on. */
const GOES_ON_MS = 5_000;
/** Time from the silence of a user until others get its work. */
const LOST_MS = 10_000;

const completedOf = ({ latest }: Following): number => latest()?.completed ?? 0;

const killAndRestart = async (victim: Pick<TestStore, 'kill' | 'restart'>): Promise<void> => {
  await victim.kill('SIGKILL');
  await victim.restart();
};

describe('a mesh that loses a part in the middle of the work', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let agents: RunningService[];
  let acme: Clients;

  before(async () => {
    mesh = await startMesh();
    agents = await Promise.all(['alpha', 'beta', 'gamma'].map((name) => mesh.agent(name)));
  });
  after(() => mesh[Symbol.asyncDispose]());
  beforeEach(async () => {
    acme = await mesh.customer(systemRandom.id('acme'));
    await usersUntil(mesh.operator, (users) => users.length === 3);
  });

  /** Starts work of 30 ms each and follows it until it is well under way. */
  const underWay = async (spec: Partial<NoopSpec> = {}): Promise<Following> => {
    const id = await start(acme, { noop: noopSpec({ tasks: 240, durationMs: 30, ...spec }) });
    const following = follow(acme, id);
    await following.until(() => completedOf(following) > 30);
    return following;
  };

  /** Checks that the workload completes and that every task has exactly one result. */
  const expectComplete = async ({ id, over }: Following): Promise<void> => {
    const { state, completed, total } = await over;
    expect({ state, completed }).to.deep.equal({
      state: 'WORKLOAD_STATE_COMPLETED',
      completed: total,
    });
    const tasks = (await resultsOf(acme, id)).map(({ task }) => task);
    expect(tasks).to.have.length(total);
    expect(new Set(tasks).size).to.equal(total);
  };
  /** Resolves when more tasks are done than at the return of a part, or all are. */
  const expectGoingOn = async (work: Following): Promise<void> => {
    const deadline = performance.now() + GOES_ON_MS;
    const ask = () => acme.workloads.getWorkloadStatus(named(work.id));
    const { completed } = await eventually(ask, { withinMs: GOES_ON_MS });
    const goesOn = (): boolean => completedOf(work) > completed || hasEnded(work.latest());
    await work.until(goesOn, deadline - performance.now());
  };
  it('gives the work of a killed agent to others', async () => {
    const work = await underWay({ resultBytes: 500 });
    await agents[0]!.kill('SIGKILL');
    await expectComplete(work);
    const shares = work.latest()?.shares.map(({ userName }) => userName);
    expect(shares).to.include.members(['beta', 'gamma']);
    await agents[0]!.restart();
  });

  it('gives the work of a frozen agent to others within 10 s, and takes the agent back when it thaws', async () => {
    const work = await underWay();
    const [alpha] = agents;
    await alpha!.kill('SIGSTOP');
    const frozenAt = performance.now();
    await usersUntil(mesh.operator, (users) => !users.some(({ name }) => name === 'alpha'));
    expect(performance.now() - frozenAt).to.be.below(LOST_MS);
    await expectComplete(work);
    await alpha!.kill('SIGCONT');
    await usersUntil(mesh.operator, (users) => users.some(({ name }) => name === 'alpha'));
    await expectComplete(work);
  });

  it('gives up a task that kills every agent that begins it', async () => {
    const id = await start(acme, { noop: noopSpec({ tasks: 1, durationMs: 600_000 }) });
    const work = follow(acme, id);
    const names = ['alpha', 'beta', 'gamma'];
    const page = { ...named(id), states: [], pageSize: 1, pageToken: '' };
    const holder = async (): Promise<RunningService | undefined> => {
      const [task] = (await acme.workloads.listTasks(page)).tasks;
      return task?.state === 'TASK_STATE_RUNNING'
        ? agents[names.indexOf(task.userName)]
        : undefined;
    };
    // An agent that dies before it reports the beginning does not count as a loss, so the task kills another one.
    while (!hasEnded(work.latest())) {
      const victim = await holder();
      if (victim === undefined) {
        await sleep(20);
      } else {
        await killAndRestart(victim);
      }
    }
    const { state, reason, failed } = await work.over;
    expect({ state, reason, failed }).to.deep.equal({
      state: 'WORKLOAD_STATE_FAILED',
      reason: 'FRAMES_FAILED',
      failed: 1,
    });
    const { attempts } = await acme.workloads.listAttempts({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    expect(attempts.map(({ end }) => end)).to.deep.equal(Array(5).fill('ATTEMPT_END_LOST'));
  });

  it('goes on from the journal when session-supervisor is killed', async () => {
    const work = await underWay({ resultBytes: 500 });
    await killAndRestart(mesh.services.supervisor);
    await expectGoingOn(work);
    await expectComplete(work);
  });

  it('loses no answered start', async () => {
    const id = await start(acme, { noop: noopSpec({ tasks: 3 }) });
    await killAndRestart(mesh.services.supervisor);
    await expectComplete(follow(acme, id));
  });

  it('goes on with the same users when user-manager is killed', async () => {
    const work = await underWay();
    await killAndRestart(mesh.services.manager);
    await expectGoingOn(work);
    await expectComplete(work);
  });

  it('goes on when nats-server is killed', async () => {
    const work = await underWay();
    await killAndRestart(mesh.stores.nats);
    await expectGoingOn(work);
    await expectComplete(work);
  });

  it('goes on when mongod is killed', async () => {
    const work = await underWay({ resultBytes: 500 });
    await killAndRestart(mesh.stores.mongod);
    await expectGoingOn(work);
    await expectComplete(work);
  });

  it('goes on when blob is killed', async () => {
    const work = await underWay({ resultBytes: 500 });
    await killAndRestart(mesh.services.blob);
    await expectGoingOn(work);
    await expectComplete(work);
  });

  it('goes on after Azurite was away', async () => {
    const work = await underWay({ resultBytes: 500 });
    await mesh.stores.azurite.stop();
    await mesh.stores.azurite.restart();
    await expectGoingOn(work);
    await expectComplete(work);
    const { reasons } = await acme.workloads.explainWorkload(named(work.id));
    expect(reasons.map(({ code }) => code)).to.deep.equal(['ENDED']);
  });
});
