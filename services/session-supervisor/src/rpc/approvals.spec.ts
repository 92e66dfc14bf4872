import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { NoopNode } from '#libs/contracts/common.ts';
import type { ApproveStepRequest, Workload } from '#libs/contracts/session.ts';
import { eventually } from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh, type TestSupervisor } from '../fixtures/mesh.ts';
import { about, ended, firstPage, refusal, startNoop } from '../fixtures/requests.ts';
import { done } from '../fixtures/users.ts';

const node = (id: string, more: Partial<NoopNode> = {}): NoopNode => ({
  id,
  tasks: 1,
  durationMs: undefined,
  after: [],
  approval: undefined,
  flawed: undefined,
  ...more,
});
const after_ = (id: string, on: 'SUCCESS' | 'END' = 'SUCCESS'): NoopNode['after'] => [
  { node: id, on: `EDGE_CONDITION_${on}` },
];

/** A mesh that is looked at, a solve after it, and what collects after any end of that. */
const simulation = (cases = 1, mesh: Partial<NoopNode> = {}): NoopNode[] => [
  node('mesh', { tasks: cases, approval: 'APPROVAL_ASK', ...mesh }),
  node('solve', { tasks: cases, after: after_('mesh') }),
  node('collect', { tasks: cases, after: after_('solve', 'END') }),
];

describe('a step that waits for approval', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let first: TestSupervisor;
  before(async () => {
    mesh = await openMesh();
    first = await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const start = (
    clients: Clients,
    nodes: NoopNode[] = simulation(),
    more: Parameters<typeof startNoop>[2] = {},
  ): Promise<string> => startNoop(clients, { tasks: 0, nodes }, more);
  const serve = async (id: string, user = `user-of-${id}`): Promise<void> => {
    await eventually(() => expect(mesh.users.demands.has(id)).to.equal(true));
    mesh.users.assign(id, user, 3);
    await mesh.users.finishAll(id, user);
  };
  const show = async ({ workloads }: Clients, id: string): Promise<Workload> => {
    const { workload } = await workloads.getWorkload(about(id));
    if (workload === undefined) {
      throw new Error('no workload');
    }
    return workload;
  };
  const parked = (clients: Clients, id: string): Promise<Workload> =>
    eventually(async () => {
      expect((await mesh.document(id))?.owner).to.equal(null);
      const workload = await show(clients, id);
      expect(workload.state).to.equal('WORKLOAD_STATE_AWAITING_APPROVAL');
      return workload;
    });
  const ruling = (id: string, more: Partial<ApproveStepRequest> = {}): ApproveStepRequest => ({
    ...about(id),
    step: '',
    case: undefined,
    generation: undefined,
    reason: '',
    requestId: '',
    ...more,
  });

  it('holds no slot, no user and no owner while it waits, and goes on when it is approved', async () => {
    const someone = await mesh.as('customer', 'patient');
    const id = await start(someone);
    await serve(id);
    const { wantedApprovals, completed } = await parked(someone, id);
    expect(completed).to.equal(1);
    expect(wantedApprovals).to.have.lengthOf(1);
    expect(wantedApprovals[0]).to.include({ step: 'mesh', case: 0, generation: 0 });
    const document = await mesh.document(id);
    expect(document).to.not.have.any.keys('slot', 'ticket');
    expect(mesh.users.demands.has(id)).to.equal(false);
    // Its slot serves others meanwhile.
    const other = await start(someone, [node('noop')]);
    await Promise.all([serve(other), ended(someone, other)]);
    const request = ruling(id, { case: 0, generation: 0, reason: 'fine' });
    const { workload } = await someone.workloads.approveStep(request);
    expect(workload?.state).to.equal('WORKLOAD_STATE_RUNNING');
    const [last] = await Promise.all([ended(someone, id), serve(id)]);
    expect(last).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 3 });
    const { tasks } = await someone.workloads.listTasks({ ...about(id), ...firstPage, states: [] });
    expect(tasks[0]?.approval).to.include({
      ruling: 'RULING_APPROVED',
      by: 'customer patient',
      reason: 'fine',
    });
    expect(tasks[1]?.approval).to.equal(undefined);
  });

  it('says who may approve what, and since when it waits', async () => {
    const someone = await mesh.as('customer', 'asking');
    const id = await start(someone);
    await serve(id);
    const { wantedApprovals } = await parked(someone, id);
    const { reasons } = await someone.workloads.explainWorkload(about(id));
    const since = wantedApprovals[0]?.wantTime?.toISOString() ?? '';
    expect(reasons).to.deep.equal([
      {
        code: 'AWAITING_APPROVAL',
        message: `1 result waits for approval since ${since}: mesh/0; customer asking or an operator may approve or reject (muster approve ${id})`,
      },
    ]);
    expect(
      await refusal(someone.workloads.pauseWorkload({ ...about(id), requestId: '' })),
    ).to.equal('AWAITING_APPROVAL');
  });

  it('fails the case when it is rejected, and still does what stands after any end', async () => {
    const someone = await mesh.as('customer', 'strict');
    const id = await start(someone);
    await serve(id);
    await parked(someone, id);
    const operator = await mesh.as('operator', 'ops');
    await operator.workloads.rejectStep(ruling(id, { reason: 'too coarse' }));
    const [last] = await Promise.all([ended(someone, id), serve(id)]);
    expect(last).to.include({
      state: 'WORKLOAD_STATE_FAILED',
      reason: 'RESULT_REJECTED',
      reasonMessage:
        '1 of 3 failed: solve/0; the first: RESULT_REJECTED: rejected by operator ops: too coarse',
      completed: 2,
      failed: 1,
    });
  });

  it('ends without a slot where nothing stands behind what was rejected', async () => {
    const someone = await mesh.as('customer', 'brief');
    const id = await start(someone, [node('mesh', { approval: 'APPROVAL_ASK' })]);
    await serve(id);
    await parked(someone, id);
    const running = await start(someone, [node('noop')]);
    await someone.workloads.rejectStep(ruling(id));
    expect(await ended(someone, id)).to.include({
      state: 'WORKLOAD_STATE_FAILED',
      reason: 'RESULT_REJECTED',
      reasonMessage: '1 of 1 results rejected: 0; the first: rejected by customer brief',
    });
    await Promise.all([serve(running), ended(someone, running)]);
  });

  it('asks only about flawed results where that is wished', async () => {
    const someone = await mesh.as('customer', 'easy');
    const approval = 'APPROVAL_IF_FAILED';
    const good = await start(someone, simulation(1, { approval }));
    const [last] = await Promise.all([ended(someone, good), serve(good)]);
    expect(last.state).to.equal('WORKLOAD_STATE_COMPLETED');
    const bad = await start(someone, simulation(1, { approval }));
    await eventually(() => expect(mesh.users.demands.has(bad)).to.equal(true));
    mesh.users.assign(bad, 'u-flawed');
    const [attempt] = await mesh.users.work('u-flawed');
    const report = done(bad, attempt!, 1);
    if (report.body?.$case === 'completed') {
      report.body.value.flawed = true;
    }
    await mesh.users.report(bad, 'u-flawed', [report]);
    await parked(someone, bad);
  });

  it('lets nobody approve what was made anew, and is safe to repeat', async () => {
    const someone = await mesh.as('customer', 'careful');
    const id = await start(someone);
    await serve(id);
    await parked(someone, id);
    await someone.workloads.retryTasks({ ...about(id), frames: 'mesh/0', requestId: '' });
    await serve(id);
    const { wantedApprovals } = await parked(someone, id);
    expect(wantedApprovals[0]?.generation).to.equal(1);
    const { approveStep, rejectStep } = someone.workloads;
    expect(await refusal(approveStep(ruling(id, { case: 0, generation: 0 })))).to.equal(
      'RESULT_REPLACED',
    );
    expect(await refusal(approveStep(ruling(id, { generation: 1 })))).to.equal(
      'INVALID_FIELDS case',
    );
    expect(await refusal(approveStep(ruling(id, { step: 'cut' })))).to.equal('TASK_NOT_FOUND');
    expect(await refusal(approveStep(ruling(id, { step: 'solve', case: 0 })))).to.equal(
      'NOTHING_TO_APPROVE',
    );
    const right = ruling(id, { case: 0, generation: 1 });
    await approveStep({ ...right, requestId: 'r-1' });
    await approveStep({ ...right, requestId: 'r-1' });
    await approveStep(right);
    expect(await refusal(rejectStep(right))).to.equal('ALREADY_RULED');
    await Promise.all([ended(someone, id), serve(id)]);
    expect(await refusal(approveStep(right))).to.equal('WORKLOAD_ENDED');
  });

  it('is approved case by case, and the other cases go on meanwhile', async () => {
    const someone = await mesh.as('customer', 'sweeping');
    const id = await start(someone, simulation(2));
    await serve(id);
    const { wantedApprovalCount } = await parked(someone, id);
    expect(wantedApprovalCount).to.equal(2);
    const { approveStep } = someone.workloads;
    expect(await refusal(approveStep(ruling(id)))).to.equal('SEVERAL_APPROVALS');
    await approveStep(ruling(id, { case: 1 }));
    await serve(id);
    const waiting = await parked(someone, id);
    expect(waiting).to.include({ completed: 4, wantedApprovalCount: 1 });
    await approveStep(ruling(id));
    const [last] = await Promise.all([ended(someone, id), serve(id)]);
    expect(last).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 6 });
  });

  it('waits in the queue when it is approved while the plan is full', async () => {
    const someone = await mesh.as('customer', 'crowded');
    const id = await start(someone);
    await serve(id);
    await parked(someone, id);
    const running = await start(someone, [node('noop')]);
    await someone.workloads.approveStep(ruling(id));
    expect(await show(someone, id)).to.include({ queued: true });
    await Promise.all([serve(running), ended(someone, running)]);
    const [last] = await Promise.all([ended(someone, id), serve(id)]);
    expect(last.state).to.equal('WORKLOAD_STATE_COMPLETED');
  });

  it('is stopped like any other', async () => {
    const someone = await mesh.as('customer', 'stopping');
    const id = await start(someone);
    await serve(id);
    await parked(someone, id);
    const stop = { ...about(id), deleteResults: false, requestId: '' };
    await someone.workloads.stopAndDeleteWorkload(stop);
    expect(await ended(someone, id)).to.include({ state: 'WORKLOAD_STATE_STOPPED' });
    expect(await refusal(someone.workloads.approveStep(ruling(id)))).to.equal('WORKLOAD_ENDED');
  });

  it('is bounded by the plan', async () => {
    const operator = await mesh.as('operator', 'ops');
    const plan = { runningWorkloads: 1, users: 0, weight: 0, parkedWorkloads: 1 };
    const customer = {
      customerId: 'bounded',
      displayName: '',
      plan,
      createTime: undefined,
      updateTime: undefined,
    };
    await operator.customers.putCustomer({ customer, updateMask: undefined });
    const someone = await mesh.as('customer', 'bounded');
    const id = await start(someone);
    await serve(id);
    await parked(someone, id);
    expect(await refusal(start(someone))).to.equal('TOO_MANY_PARKED');
    expect(await refusal(start(someone, [node('noop')]))).to.equal('answered');
  });

  it('waits through the end of every supervisor', async () => {
    const someone = await mesh.as('customer', 'restarting');
    const id = await start(someone);
    await serve(id);
    const before_ = await parked(someone, id);
    await first[Symbol.asyncDispose]();
    first = await mesh.start();
    const again = await mesh.as('customer', 'restarting', first.address);
    expect(await show(again, id)).to.deep.equal(before_);
    await again.workloads.approveStep(ruling(id));
    const [last] = await Promise.all([ended(again, id), serve(id)]);
    expect(last.state).to.equal('WORKLOAD_STATE_COMPLETED');
  });
});
