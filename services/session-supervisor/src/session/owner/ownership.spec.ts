import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SessionCommand } from '#libs/contracts/session.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import { eventually, startService, type RunningService } from '#libs/testing/index.ts';
import type { Entry } from '../../domain/state/entries.ts';
import { everyEntry } from '../../domain/fixtures/workload.ts';
import { done } from '../../fixtures/users.ts';
import { openMesh, type Clients, type TestMesh } from '../../fixtures/mesh.ts';
import { appear, plant } from '../../fixtures/plant.ts';
import { about, ended, refusal, startNoop } from '../../fixtures/requests.ts';
import type { WorkloadDocument } from '../../store/workload-document.ts';
import type { SessionDeps } from './deps.ts';

type TakeOver = JournalDocument<Entry>;

describe('ownership', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  beforeEach(async () => {
    mesh = await openMesh();
  });
  afterEach(() => mesh[Symbol.asyncDispose]());

  const takeOvers = async (id: string): Promise<TakeOver[]> =>
    (await Array.fromAsync(mesh.journal.read(id, 0))).filter(({ entries }) =>
      entries.some(({ kind }) => kind === 'taken-over'),
    );

  const takenOver = (id: string, times = 1, withinMs = 6_000): Promise<TakeOver | undefined> =>
    eventually(
      async () => {
        const found = await takeOvers(id);
        expect(found).to.have.lengthOf(times);
        return found.at(-1);
      },
      { withinMs },
    );

  const asProcess = (): Promise<RunningService> =>
    startService({ name: 'session-supervisor', env: mesh.env });

  /** A workload that the process owns, with one of ten tasks done. */
  const begun = async (acme: Clients): Promise<string> => {
    const id = await startNoop(acme, { tasks: 10 });
    mesh.users.assign(id, 'u1');
    const [attempt] = await mesh.users.work('u1');
    if (attempt === undefined) {
      throw new Error('no attempt');
    }
    const outcomes = await mesh.users.report(id, 'u1', [done(id, attempt, 1)]);
    expect(outcomes).to.deep.equal([{ reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' }]);
    return id;
  };

  it('passes to another supervisor within five seconds after a kill, and the work goes on', async () => {
    await using killed = await asProcess();
    const id = await begun(await mesh.as('customer', 'acme', killed.address));
    await using other = await mesh.start();
    await killed.kill('SIGKILL');
    const began = performance.now();
    const takeOver = await takenOver(id);
    expect(performance.now() - began).to.be.below(5_000);
    expect(takeOver).to.deep.include({
      by: other.instance,
      entries: [{ kind: 'taken-over', owner: other.instance }],
    });
    // Every message of the new owner carries its epoch, which is the position of the take-over.
    await eventually(() => expect(mesh.users.desired('u1')?.epoch).to.equal(takeOver?.n));
    const acme = await mesh.as('customer', 'acme', other.address);
    await Promise.all([mesh.users.finishAll(id, 'u1'), ended(acme, id)]);
    const { workload } = await acme.workloads.getWorkload(about(id));
    expect(workload).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 10 });
  });

  it('passes at once when a supervisor drains', async () => {
    const leaving = await mesh.start();
    const id = await begun(await mesh.as('customer', 'acme'));
    await using other = await mesh.start();
    await leaving[Symbol.asyncDispose]();
    expect(await takenOver(id, 1, 2_500)).to.include({ by: other.instance });
    expect((await mesh.document(id))?.owner).to.equal(other.instance);
  });

  it('loses nothing when a supervisor freezes and wakes again', async () => {
    await using frozen = await asProcess();
    const id = await begun(await mesh.as('customer', 'acme', frozen.address));
    await using other = await mesh.start();
    await frozen.kill('SIGSTOP');
    await takenOver(id);
    await frozen.kill('SIGCONT');
    const { workloads } = await mesh.as('customer', 'acme', frozen.address);
    const paused = await workloads.pauseWorkload({ ...about(id), requestId: '' });
    expect(paused.workload?.state).to.equal('WORKLOAD_STATE_PAUSED');
    const documents = await Array.fromAsync(mesh.journal.read(id, 0));
    expect(documents.at(-1)).to.include({ by: other.instance });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await takeOvers(id)).to.have.lengthOf(1);
  });

  it('tells waiting callers that the workload changes hands when another supervisor takes it over', async () => {
    await using owner = await mesh.start();
    const id = await begun(await mesh.as('customer', 'acme'));
    const n = (await Array.fromAsync(mesh.journal.read(id, 0))).length + 1;
    const entries: Entry[] = [{ kind: 'taken-over', owner: 'i-other' }];
    await mesh.journal.insert({
      workload: id,
      n,
      appendId: 'a',
      by: 'i-other',
      at: new Date(),
      entries,
    });
    const [attempt] = await mesh.users.work('u1');
    const command = SessionCommand.encode({
      requestId: '',
      command: { $case: 'pause', value: {} },
    }).finish();
    const told = await Promise.all([
      refusal(mesh.users.report(id, 'u1', [done(id, attempt!, 2)])),
      refusal(mesh.bus.request(`muster.session.v1.${id}.command`, command, { timeoutMs: 5_000 })),
    ]);
    expect(told).to.deep.equal(['WORKLOAD_CHANGES_HANDS', 'WORKLOAD_CHANGES_HANDS']);
    // It is still named as the owner, so it takes the workload back, with an epoch of its own.
    expect(await takenOver(id, 2)).to.deep.include({ n: n + 1, by: owner.instance });
  });

  it('is given up by a supervisor that reads another owner’s name, and returns with a new epoch', async () => {
    await using owner = await mesh.start();
    const id = await begun(await mesh.as('customer', 'acme'));
    const other = await appear(mesh);
    await mesh.db
      .collection<WorkloadDocument>('workloads')
      .updateOne({ _id: id }, { $set: { owner: other } });
    const ask = mesh.bus.request.bind(
      mesh.bus,
      `muster.session.v1.${id}.volatile`,
      new Uint8Array(),
    );
    await eventually(
      async () => expect(await refusal(ask({ timeoutMs: 1_000 }))).to.equal('NO_RESPONDER'),
      {
        withinMs: 2_500,
      },
    );
    expect(await takeOvers(id)).to.deep.equal([]);
    // The other supervisor leaves without an epoch. The owner's new messages must count as newer than its old ones.
    expect(await takenOver(id)).to.include({ by: owner.instance });
  });

  it('goes to exactly one of several contenders', async () => {
    const of = await plant(mesh);
    const contenders = await Promise.all([mesh.start(), mesh.start(), mesh.start()]);
    const takeOver = await takenOver(of.id);
    expect(contenders.map(({ instance }) => instance)).to.include(takeOver?.by);
    expect((await mesh.document(of.id))?.owner).to.equal(takeOver?.by);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await takeOvers(of.id)).to.have.lengthOf(1);
  });

  it('of an ended workload brings the end to lists, slot, matcher and stream, and closes the workload', async () => {
    const of = await plant(mesh, {
      tasks: 2,
      entries: [[everyEntry.started], [everyEntry.stopped]],
    });
    await using owner = await mesh.start();
    await eventually(async () => expect(await mesh.document(of.id)).to.include({ owner: null }));
    const document = await mesh.document(of.id);
    expect(document?.projection).to.include({ phase: 'stopped', reason: 'STOPPED_BY_COMMAND' });
    expect(document).to.not.have.property('slot');
    expect(document?.published).to.be.at.least(3);
    expect(document?.sweepAt).to.be.instanceOf(Date);
    expect(mesh.users.demands.has(of.id)).to.equal(false);
    const documents = await Array.fromAsync(mesh.journal.read(of.id, 0));
    expect(documents.map(({ entries }) => entries.map(({ kind }) => kind).join())).to.deep.equal([
      'started',
      'stopped',
      'taken-over',
      'closed',
    ]);
    expect(documents.at(-1)).to.include({ by: owner.instance });
  });

  it('fences a closed workload, even after an own epoch, because a reopening may be on its way', async () => {
    await using owner = await mesh.start();
    const epoch: Entry = { kind: 'taken-over', owner: owner.instance };
    const of = await plant(mesh, {
      entries: [[everyEntry.started, everyEntry.stopped], [epoch], [everyEntry.closed]],
    });
    await eventually(async () => expect(await mesh.document(of.id)).to.include({ owner: null }));
    const [last] = await Array.fromAsync(mesh.journal.read(of.id, 3));
    expect(last?.entries).to.deep.equal([epoch]);
  });

  it('brings lists up to date with a take-over', async () => {
    const entries = [[everyEntry.started], [everyEntry.accepted]];
    const of = await plant(mesh, { tasks: 10, entries, projection: { position: 1 } });
    await using owner = await mesh.start();
    await eventually(async () => {
      const document = await mesh.document(of.id);
      expect(document?.projection).to.include({ position: 3, completed: 1 });
    });
    expect((await mesh.document(of.id))?.owner).to.equal(owner.instance);
  });

  it('hands out last the tasks that a former owner’s users may still hold', async () => {
    const of = await plant(mesh, {
      tasks: 10,
      entries: [[everyEntry.started]],
      projection: { held: '0-7' },
    });
    await using owner = await mesh.start();
    await takenOver(of.id);
    mesh.users.assign(of.id, 'u1');
    // The only user has answered that it holds nothing, so the owner waits for no user.
    const [first] = await mesh.users.work('u1');
    expect(['noop/0', 'noop/8']).to.include(first?.task);
    const acme = await mesh.as('customer', of.customer, owner.address);
    await Promise.all([mesh.users.finishAll(of.id, 'u1'), ended(acme, of.id)]);
  });

  it('is not taken of a journal with an unknown entry, and is left to other builds', async () => {
    const entries = [[everyEntry.started], [{ kind: 'repaired' } as unknown as Entry]];
    const of = await plant(mesh, { entries });
    await using _owner = await mesh.start();
    await eventually(async () => expect((await mesh.document(of.id))?.owner).to.equal('nobody'));
    expect(await takeOvers(of.id)).to.have.lengthOf(0);
    // The workload has no owner, so a replica of a newer build can claim it.
    await using _another = await mesh.start();
    await eventually(async () => expect((await mesh.document(of.id))?.owner).to.equal('nobody'));
    expect(await takeOvers(of.id)).to.have.lengthOf(0);
  });

  it('ends for good if the journal contradicts the fold', async () => {
    const conflicts: string[] = [];
    const of = await plant(mesh, { tasks: 3, entries: [[everyEntry.started]] });
    const strange = {
      workload: of.id,
      n: 99,
      appendId: 'x',
      by: 'x',
      at: new Date(),
      entries: [],
      accepted: ['noop/1/0'],
    };
    await mesh.db.collection('journal').insertOne(strange);
    const events = {
      ...silent,
      journalConflict: (workload: string) => void conflicts.push(workload),
    };
    await using _ = await mesh.start({ overrides: { events } });
    await takenOver(of.id);
    mesh.users.assign(of.id, 'u1', 3);
    const attempts = await mesh.users.work('u1');
    const reports = attempts.map((attempt, i) => done(of.id, attempt, i + 1));
    expect(await refusal(mesh.users.report(of.id, 'u1', reports))).to.equal(
      'WORKLOAD_CHANGES_HANDS',
    );
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect(await refusal(mesh.users.report(of.id, 'u1', reports))).to.equal('NO_RESPONDER');
    expect(conflicts).to.deep.equal([of.id]);
    expect(await takeOvers(of.id)).to.have.lengthOf(1);
  });
});

const nothing = (): void => undefined;
const silent: SessionDeps['events'] = {
  workloadStarted: nothing,
  workloadAdmitted: nothing,
  workloadParked: nothing,
  workloadEnded: nothing,
  workloadTakenOver: nothing,
  workloadLetGo: nothing,
  journalConflict: nothing,
  appendUnknown: nothing,
  attemptFailed: nothing,
  reportRefused: nothing,
  commandObeyed: nothing,
  figuresImpossible: nothing,
  userDistrusted: nothing,
  userContradicted: nothing,
  webhookFailed: nothing,
  webhookGivenUp: nothing,
  notifierFailed: nothing,
};
