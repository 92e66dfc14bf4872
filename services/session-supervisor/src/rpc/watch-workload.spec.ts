import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Attempt } from '#libs/contracts/common.ts';
import type { RunningTask, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import { eventually } from '#libs/testing/index.ts';
import { everyEntry } from '../domain/fixtures/workload.ts';
import { done } from '../fixtures/users.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { appear, plant } from '../fixtures/plant.ts';
import { about, firstPage, refusal, startNoop } from '../fixtures/requests.ts';

describe('WatchWorkload', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
    await mesh.start();
  });
  after(() => mesh[Symbol.asyncDispose]());

  const watch = ({ workloads }: Clients, id: string): AsyncIterator<WatchWorkloadResponse> =>
    workloads.watchWorkload(about(id), { deadlineMs: 15_000 })[Symbol.asyncIterator]();

  it('begins with the present state, sends changes, and ends after the final state', async () => {
    const someone = await mesh.as('customer', 'seen');
    const id = await startNoop(someone, { tasks: 20 });
    const messages = watch(someone, id);
    expect((await messages.next()).value?.workload).to.include({
      state: 'WORKLOAD_STATE_PENDING',
      completed: 0,
    });
    mesh.users.assign(id, 'seen-1');
    const seen: WatchWorkloadResponse[] = [];
    const take = async (until: (message: WatchWorkloadResponse) => boolean): Promise<void> => {
      for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
        seen.push(next.value);
        if (until(next.value)) {
          return;
        }
      }
    };
    await take(({ activeUsers }) => activeUsers === 1);
    const working = mesh.users.finishAll(id, 'seen-1');
    await take(() => false);
    await working;
    expect(seen.at(-1)?.workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 20 });
    const revisions = seen.map(({ revision }) => revision);
    expect(revisions).to.deep.equal(revisions.toSorted((a, b) => a - b));
    const completed = seen.map(({ workload }) => workload?.completed ?? 0);
    expect(completed).to.deep.equal(completed.toSorted((a, b) => a - b));
  });

  it('shows how far tasks are, as long as their users hold them and only on the stream that has them', async () => {
    const someone = await mesh.as('customer', 'curious');
    const id = await startNoop(someone, { tasks: 2 });
    mesh.users.assign(id, 'curious-1');
    const [first] = (await mesh.users.work('curious-1')) as [Attempt];
    const messages = watch(someone, id);
    const shown = async (until: (running: RunningTask[]) => boolean): Promise<RunningTask[]> => {
      for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
        if (until(next.value.running)) {
          return next.value.running;
        }
      }
      throw new Error('the stream ended');
    };
    const told = {
      fraction: 0.25,
      text: 'Sample 1/4',
      elapsedSeconds: 30,
      remainingSeconds: 90,
      canSplit: false,
    };
    mesh.users.progress(
      id,
      'curious-1',
      { ...told, attempt: '9-9' },
      { ...told, attempt: first.attempt },
    );
    const [running, ...others] = await shown(({ length }) => length > 0);
    expect(others).to.deep.equal([]);
    expect(running).to.include({
      task: first.task,
      frame: 0,
      userId: 'curious-1',
      userName: 'name of curious-1',
      fraction: 0.25,
      text: 'Sample 1/4',
    });
    expect(running?.elapsedSeconds).to.be.within(30, 60);
    expect(running?.remainingSeconds).to.be.within(60, 90);
    const progress = await someone.workloads.getWorkloadProgress({ ...about(id), ...firstPage });
    expect(progress.running.map(({ task }) => task)).to.deep.equal([first.task]);
    await mesh.users.report(id, 'curious-1', [done(id, first, 1)]);
    await shown(({ length }) => length === 0);
    const second = await eventually(async () => {
      const [next] = await mesh.users.work('curious-1');
      expect(next?.task).not.to.equal(first.task);
      return next!;
    });
    mesh.users.progress(id, 'curious-1', { ...told, attempt: second.attempt, fraction: undefined });
    const [rest] = await shown(({ length }) => length > 0);
    expect(rest).to.include({ task: second.task, fraction: undefined });
    mesh.users.vanish(id, 'curious-1');
    await shown(({ length }) => length === 0);
    await messages.return?.();
  });

  it('shows an ended workload once, and ends', async () => {
    const someone = await mesh.as('customer', 'late');
    const id = await startNoop(someone);
    await someone.workloads.stopAndDeleteWorkload({
      ...about(id),
      deleteResults: false,
      requestId: '',
    });
    const states = await Array.fromAsync(someone.workloads.watchWorkload(about(id)));
    expect(states.map(({ workload }) => workload?.state)).to.deep.equal(['WORKLOAD_STATE_STOPPED']);
  });

  it('shows a paused workload as paused until it is stopped, never as running in between', async () => {
    const someone = await mesh.as('customer', 'paused');
    const id = await startNoop(someone);
    await someone.workloads.pauseWorkload({ ...about(id), requestId: '' });
    const messages = watch(someone, id);
    const states = [(await messages.next()).value?.workload?.state];
    const stopping = someone.workloads.stopAndDeleteWorkload({
      ...about(id),
      deleteResults: false,
      requestId: '',
    });
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      states.push(next.value.workload?.state);
    }
    await stopping;
    expect([...new Set(states)]).to.deep.equal(['WORKLOAD_STATE_PAUSED', 'WORKLOAD_STATE_STOPPED']);
  });

  it('sends one message for changes that come close together', async () => {
    const someone = await mesh.as('customer', 'coalesced');
    const id = await startNoop(someone, { tasks: 400 });
    mesh.users.assign(id, 'busy-1');
    const messages = watch(someone, id);
    await messages.next();
    for (let i = 0; i < 100; i += 1) {
      const [attempt] = await mesh.users.work('busy-1');
      await mesh.users.report(id, 'busy-1', [done(id, attempt!, i + 1)]);
    }
    await someone.workloads.stopAndDeleteWorkload({
      ...about(id),
      deleteResults: false,
      requestId: '',
    });
    let told = 0;
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      told += 1;
    }
    expect(told).to.be.within(1, 50);
  });

  it('gives a slow reader fewer messages, but always the latest', async () => {
    const someone = await mesh.as('customer', 'slow');
    const id = await startNoop(someone, { tasks: 60 });
    const messages = watch(someone, id);
    await messages.next();
    mesh.users.assign(id, 'slow-1');
    await mesh.users.finishAll(id, 'slow-1');
    const rest: WatchWorkloadResponse[] = [];
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      rest.push(next.value);
    }
    expect(rest.length).to.be.below(20);
    expect(rest.at(-1)?.workload?.completed).to.equal(60);
  });

  it('looks by itself each second if no notice of a change comes', async () => {
    const of = await plant(mesh, { customer: 'quiet', owner: await appear(mesh) });
    const messages = watch(await mesh.as('customer', 'quiet'), of.id);
    await messages.next();
    const document = {
      workload: of.id,
      n: 1,
      appendId: 'a',
      by: 'x',
      at: new Date(),
      entries: [everyEntry.started],
    };
    await mesh.journal.insert(document);
    const next = await messages.next();
    expect(next.value?.workload?.state).to.equal('WORKLOAD_STATE_RUNNING');
    await messages.return?.();
  });

  it('is refused for an unknown workload', async () => {
    const { workloads } = await mesh.as('customer', 'nothing');
    expect(await refusal(Array.fromAsync(workloads.watchWorkload(about('w-none'))))).to.equal(
      'WORKLOAD_NOT_FOUND',
    );
  });

  it('leaves no subscription behind when its reader leaves', async () => {
    const of = await plant(mesh, { customer: 'gone', owner: await appear(mesh) });
    const isHeard = (): Promise<string> =>
      refusal(
        mesh.bus.request(`muster.session.v1.${of.id}.appended`, new Uint8Array(), {
          timeoutMs: 1_000,
        }),
      );
    const messages = watch(await mesh.as('customer', 'gone'), of.id);
    await messages.next();
    await eventually(async () => expect(await isHeard()).to.equal('answered'));
    await messages.return?.();
    await eventually(async () => expect(await isHeard()).to.equal('NO_RESPONDER'));
  });

  it('lets a customer have so many streams, serves others meanwhile, and takes new ones as old ones end', async () => {
    const [crowd, other] = [await mesh.as('customer', 'crowd'), await mesh.as('customer', 'other')];
    const id = await startNoop(crowd, { tasks: 1 });
    const leaving = new AbortController();
    const list = () => other.workloads.listWorkloads({ ...firstPage, customerId: '', states: [] });
    const opened = Array.from({ length: 300 }, async () => {
      const messages = crowd.workloads.watchWorkload(about(id), { signal: leaving.signal });
      await messages[Symbol.asyncIterator]().next();
    });
    const outcomes = Promise.allSettled(opened);
    const ends = await outcomes;
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.reason] : []));
    expect(refused).to.deep.equal(Array.from({ length: 200 }, () => 'TOO_MANY_CALLS'));
    expect((await list()).workloads).to.have.lengthOf(0);
    leaving.abort();
    await eventually(async () => {
      const again = watch(crowd, id);
      expect((await again.next()).value?.workload?.workloadId).to.equal(id);
      await again.return?.();
    });
  });
});
