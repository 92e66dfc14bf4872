import { expect } from 'chai';
import { describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { attemptOf, completedOf, connectAgent } from '../fixtures/agent.ts';
import { startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal, refusalOf } from '../fixtures/refusal.ts';
import { openSession, type TestSession } from '../fixtures/session.ts';

/** The time in which a dead manager is noticed (3 s), another one takes over, and all has settled. */
const WITHIN = { withinMs: 12_000, everyMs: 100 };

const usersOf = async (session: TestSession): Promise<(string | undefined)[]> =>
  (await session.exchange()).users.map(({ claim }) => claim?.userId);

const handTo = async (session: TestSession, connection: string): Promise<boolean> => {
  const user = (await session.exchange()).users.find(
    ({ claim }) => claim?.connectionId === connection,
  );
  return session.hand(user!, { attempts: [attemptOf('noop/0', '0-1')] });
};

describe('several user-managers', () => {
  it('answer the same, whichever is asked', async () => {
    await using mesh = await startMesh({ managers: 1 });
    const other = await mesh.start();
    const agent = await mesh.agent('a', {}, other.address);
    await using session = await openSession(mesh.bus, { workload: 'w-any' });
    await eventually(async () => expect(await usersOf(session)).to.deep.equal([agent.machine]));
    expect(await handTo(session, agent.welcome.connectionId)).to.equal(false);
    await eventually(() => expect(agent.desired).to.have.length(1));
    for (const target of [mesh.address, other.address]) {
      const { users, demands } = await mesh.clients('operator', target);
      const { user } = await users.getUser({ userId: agent.machine });
      expect(user?.state).to.equal('USER_STATE_BUSY');
      const listed = await demands.listDemands({ pageSize: 0, pageToken: '' });
      expect(listed.demands.map(({ assigned }) => assigned)).to.deep.equal([1]);
      const service = await mesh.clients('service', target);
      const stale = { ...session.demand, counter: 0 };
      expect(await refusal(service.demands.setDemand({ demand: stale }))).to.equal(
        'FAILED_PRECONDITION STALE_EPOCH',
      );
    }
  });

  it('end an older stream wherever it is: superseded, or its machine deleted', async () => {
    await using mesh = await startMesh();
    const other = await mesh.start();
    const older = await mesh.agent('a', {}, other.address);
    const newer = await connectAgent({ target: mesh.address, ...older });
    expect(refusalOf(await older.ended)).to.equal('ABORTED SUPERSEDED');
    const third = await connectAgent({ target: other.address, ...newer });
    expect(refusalOf(await newer.ended)).to.equal('ABORTED SUPERSEDED');
    const { machines } = await mesh.clients('operator');
    await machines.deleteMachine({ machineId: third.machine });
    expect(refusalOf(await third.ended)).to.equal('PERMISSION_DENIED MACHINE_UNKNOWN');
  });

  it('hand the matching over at once when the one that matches drains', async () => {
    await using mesh = await startMesh({ managers: 0 });
    const first = await mesh.start();
    const second = await mesh.start();
    const agent = await agentOn(mesh, 'a', second.address);
    await using session = await openSession(mesh.bus, { workload: 'w-hand-over' });
    const claims = (await session.exchange()).users.map(({ claim }) => claim);
    await first[Symbol.asyncDispose]();
    await eventually(async () => expect(await usersOf(session)).to.deep.equal([agent.machine]), {
      withinMs: 2_500,
    });
    expect((await session.exchange()).users.map(({ claim }) => claim)).to.deep.equal(claims);
  });

  it('tell agents to connect again when they drain', async () => {
    await using mesh = await startMesh();
    const other = await mesh.start();
    const agent = await mesh.agent('a', {}, other.address);
    await other[Symbol.asyncDispose]();
    expect(refusalOf(await agent.ended)).to.equal('UNAVAILABLE SERVER_DRAINING');
    const again = await connectAgent({ target: mesh.address, ...agent });
    await again.goodbye();
  });
}).timeout(30_000);

describe('a user-manager that is killed', () => {
  it('loses its users to the others, who match on; agents and sessions go on with them', async () => {
    await using mesh = await startMesh({ managers: 0 });
    const doomed = await mesh.spawn();
    const survivor = await mesh.start();
    await using session = await openSession(mesh.bus, { workload: 'w-killed', wanted: 3 });
    const [lost, comesBack] = [
      await agentOn(mesh, 'a', doomed.address),
      await agentOn(mesh, 'b', doomed.address),
    ];
    const stays = await agentOn(mesh, 'c', survivor.address);
    // The matcher hears of users on other managers.
    await eventually(async () => expect(await usersOf(session)).to.have.length(3));
    await doomed.kill('SIGKILL');
    expect(refusalOf(await lost.ended)).to.match(/^UNAVAILABLE /);

    const again = await connectAgent({ target: survivor.address, ...comesBack });
    await eventually(
      () =>
        expect(
          session.told.disconnected.map(({ connectionId }) => connectionId),
        ).to.include.members([lost.welcome.connectionId, comesBack.welcome.connectionId]),
      WITHIN,
    );
    await eventually(
      async () => expect(await usersOf(session)).to.have.members([again.machine, stays.machine]),
      WITHIN,
    );
    expect(await handTo(session, again.welcome.connectionId)).to.equal(false);
    await again.report(completedOf(1, 'w-killed', attemptOf('noop/0', '0-1')));
    await eventually(() => expect(again.outcomes).to.have.length(1));
    const { users } = await mesh.clients('operator', survivor.address);
    const listed = await users.listUsers({ workloadId: '', pageSize: 0, pageToken: '' });
    expect(listed.users.map(({ name }) => name)).to.deep.equal(['b', 'c']);
  });

  it('comes back: agents connect again and keep their session', async () => {
    await using mesh = await startMesh({ managers: 0 });
    const manager = await mesh.spawn();
    await using session = await openSession(mesh.bus, { workload: 'w-restarted' });
    const agent = await agentOn(mesh, 'a', manager.address);
    const [before] = (await session.exchange()).users;
    await manager.kill('SIGKILL');
    await manager.restart();
    const again = await connectAgent({ target: manager.address, ...agent });
    await eventually(async () => {
      const [user] = (await session.exchange()).users;
      expect(user?.claim).to.deep.equal({
        userId: agent.machine,
        connectionId: again.welcome.connectionId,
        claim: before!.claim!.claim + 1,
      });
    }, WITHIN);
  });

  it('ends the streams that it held when it was only frozen', async () => {
    await using mesh = await startMesh({ managers: 0 });
    const survivor = await mesh.start();
    const frozen = await mesh.spawn();
    await using session = await openSession(mesh.bus, { workload: 'w-frozen' });
    const agent = await agentOn(mesh, 'a', frozen.address);
    await eventually(async () => expect(await usersOf(session)).to.deep.equal([agent.machine]));
    await frozen.kill('SIGSTOP');
    await eventually(() => expect(session.told.disconnected).to.have.length(1), WITHIN);
    await eventually(async () => expect(await usersOf(session)).to.deep.equal([]), WITHIN);
    await frozen.kill('SIGCONT');
    // The agent may have noticed by itself that nobody answered its pings.
    expect(refusalOf(await agent.ended)).to.match(/^UNAVAILABLE /);
    const again = await connectAgent({ target: survivor.address, ...agent });
    await eventually(
      async () => expect(await usersOf(session)).to.deep.equal([again.machine]),
      WITHIN,
    );
  });
}).timeout(60_000);

/** An agent of a new machine, on a certain manager. */
const agentOn = async (mesh: TestMesh, name: string, target: string) => {
  const { machines } = await mesh.clients('operator', target);
  const { machine, token } = await machines.createMachine({
    name,
    tokenTtlSeconds: 0,
    requestId: '',
  });
  return connectAgent({ target, machine: machine!.machineId, token });
};
