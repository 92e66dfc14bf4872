import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { attemptOf, completedOf, heldOf } from './fixtures/agent.ts';
import { startMesh, type TestMesh } from './fixtures/mesh.ts';
import { openSession } from './fixtures/session.ts';

describe('user-manager, from hello to outcome', () => {
  let mesh: TestMesh;
  before(async () => {
    mesh = await startMesh();
  });
  after(() => mesh[Symbol.asyncDispose]());

  it('gives an idle user to a session, hands work to its agent, and brings the outcome of its report back', async () => {
    const agent = await mesh.agent('anna');
    await using session = await openSession(mesh.bus, { workload: 'w-straight' });
    const { users, entitled, suitable, connected } = await session.exchange();
    expect({ entitled, suitable, connected }).to.deep.equal({
      entitled: 1,
      suitable: 1,
      connected: 1,
    });
    expect(
      users.map(({ name, claim }) => [name, claim?.userId, claim?.connectionId]),
    ).to.deep.equal([['anna', agent.machine, agent.welcome.connectionId]]);
    await eventually(() =>
      expect(session.told.newUsers.flat().map(({ name }) => name)).to.deep.equal(['anna']),
    );

    const attempt = attemptOf('noop/0', '0-1');
    expect(await session.hand(users[0]!, { attempts: [attempt] })).to.equal(false);
    await eventually(() =>
      expect(agent.desired.map(({ attempts }) => attempts)).to.deep.equal([[attempt]]),
    );

    await agent.report(
      { reportId: 0, workloadId: 'w-straight', attempt, body: { $case: 'started', value: {} } },
      completedOf(1, 'w-straight', attempt),
    );
    await eventually(() =>
      expect(agent.outcomes).to.deep.equal([
        { reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' },
      ]),
    );
    expect(
      session.told.reports.flatMap(({ reports }) => reports.map(({ body }) => body?.$case)),
    ).to.deep.equal(['started', 'completed']);
    await eventually(() =>
      expect(session.told.completed).to.deep.equal([
        { userId: agent.machine, connectionId: agent.welcome.connectionId },
      ]),
    );

    await session.hand(users[0]!, { epoch: 3, adopt: true });
    await agent.send({ $case: 'held', value: heldOf('w-straight', [attempt], 3) });
    await eventually(() =>
      expect(session.told.held).to.deep.equal([heldOf('w-straight', [attempt], 3)]),
    );

    await agent.goodbye();
    await eventually(() =>
      expect(session.told.disconnected.map(({ isClean }) => isClean)).to.deep.equal([true]),
    );
    const { users: operator } = await mesh.clients('operator');
    await eventually(async () => {
      const listed = await operator.listUsers({ workloadId: '', pageSize: 0, pageToken: '' });
      expect(listed.users).to.deep.equal([]);
    });
  });
});
