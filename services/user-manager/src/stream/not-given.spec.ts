import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Report } from '#libs/contracts/agent.ts';
import { eventually } from '#libs/testing/index.ts';
import { attemptOf, completedOf, heldOf } from '../fixtures/agent.ts';
import { startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusalOf } from '../fixtures/refusal.ts';
import { openSession } from '../fixtures/session.ts';

const attempt = attemptOf('noop/0', '0-1');

/** Another workload each time. */
const foreign = (i: number): string => `w-foreign${i}`;

const startedOf = (workloadId: string): Report => ({
  reportId: 0,
  workloadId,
  attempt,
  body: { $case: 'started', value: {} },
});

describe('what a machine says of work that it was not given', () => {
  let mesh: TestMesh;
  before(async () => {
    mesh = await startMesh();
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  /** Whoever takes reports of workloads that nobody owns. */
  const openAny = (reason = 'WORKLOAD_ENDED') =>
    openSession(mesh.bus, {
      workload: 'any',
      verb: 'report',
      decide: ({ reports }) =>
        reports.map(({ reportId }) => ({ reportId, verdict: 'VERDICT_SETTLED', reason })),
    });

  const floods: Record<string, (i: number) => Report> = {
    results: (i) => completedOf(i + 1, foreign(i), attempt),
    beginnings: (i) => startedOf(foreign(i)),
  };
  for (const [name, one] of Object.entries(floods)) {
    it(`asks nobody, and ends the stream after 100 ${name}`, async () => {
      await using any = await openAny();
      const agent = await mesh.agent(name);
      await agent.report(...Array.from({ length: 100 }, (_, i) => one(i)));
      await agent.report(one(100));
      expect(refusalOf(await agent.ended)).to.equal('PERMISSION_DENIED TOO_MANY_FORGERIES');
      expect(any.told.reports).to.deep.equal([]);
    });
  }

  it('is to be said again on a stream whose hello names it', async () => {
    await using any = await openAny();
    const agent = await mesh.agent('forgetful');
    await agent.report(completedOf(1, foreign(1), attempt));
    await eventually(() =>
      expect(agent.outcomes).to.deep.equal([
        { reportId: 1, verdict: 'VERDICT_LATER', reason: 'NOT_GIVEN' },
      ]),
    );
    await agent.goodbye();
    expect(any.told.reports).to.deep.equal([]);
  });

  it('goes to no session when it says to hold what it was not asked about', async () => {
    const agent = await mesh.agent('holder');
    await using session = await openSession(mesh.bus, { workload: 'w-holds' });
    const [user] = (await session.exchange()).users;
    await session.hand(user!, { adopt: true });
    for (let i = 0; i <= 101; i += 1) {
      await agent.send({ $case: 'held', value: heldOf('w-holds', [attempt]) }).catch(() => {});
    }
    expect(refusalOf(await agent.ended)).to.equal('PERMISSION_DENIED TOO_MANY_FORGERIES');
    expect(session.told.held).to.have.length(1);
  });

  it('is settled if it is from before this stream, however many workloads that are', async () => {
    await using any = await openAny();
    const workloads = Array.from({ length: 60 }, (_, i) => foreign(i));
    const held = workloads.map((workload) => heldOf(workload, [attempt]));
    const agent = await mesh.agent('outbox', { hello: { held } });
    await agent.report(...workloads.map((workload, i) => completedOf(i + 1, workload, attempt)));
    await eventually(() => expect(agent.outcomes).to.have.length(60));
    expect(new Set(agent.outcomes.map(({ reason }) => reason))).to.deep.equal(
      new Set(['WORKLOAD_ENDED']),
    );
    expect(any.told.reports).to.have.length(60);
    await agent.goodbye();
  });

  it('is asked about once if nobody knows the workload', async () => {
    await using any = await openAny('WORKLOAD_UNKNOWN');
    const workload = foreign(0);
    const agent = await mesh.agent('invents', { hello: { held: [heldOf(workload, [attempt])] } });
    for (const id of [1, 2, 3]) {
      await agent.report(completedOf(id, workload, attempt));
      await eventually(() =>
        expect(agent.outcomes.at(-1)).to.deep.equal({
          reportId: id,
          verdict: 'VERDICT_SETTLED',
          reason: 'WORKLOAD_UNKNOWN',
        }),
      );
    }
    expect(any.told.reports).to.have.length(1);
    await agent.goodbye();
  });
});
