import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { connectAgent } from '../fixtures/agent.ts';
import { fastClock } from '../fixtures/fast-clock.ts';
import { startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { openSession } from '../fixtures/session.ts';

const SPEED = 5;
const names = ['a', 'b', 'c', 'd'];

describe('matching', () => {
  let mesh: TestMesh;
  beforeEach(async () => {
    mesh = await startMesh({ overrides: { clock: fastClock(SPEED) } });
  });
  afterEach(() => mesh[Symbol.asyncDispose]());

  it('gives a user to a session that waits as soon as it connects, and to nobody who wants no more', async () => {
    await using one = await openSession(mesh.bus, { workload: 'w-1', wanted: 1 });
    await one.exchange();
    const agent = await mesh.agent('a');
    await eventually(
      () =>
        expect(one.told.newUsers.flat().map(({ claim }) => claim?.userId)).to.deep.equal([
          agent.machine,
        ]),
      {
        withinMs: 1_000,
      },
    );
    await mesh.agent('b');
    expect((await one.exchange()).users).to.have.length(1);
    expect((await one.exchange({ wanted: 2 })).users).to.have.length(2);
  });

  it('lets the customer who comes later have half of the users of the one who has all', async () => {
    for (const name of names) {
      await mesh.agent(name);
    }
    await using alice = await openSession(mesh.bus, {
      workload: 'w-alice',
      customer: 'alice',
      wanted: 10,
    });
    await using bob = await openSession(mesh.bus, {
      workload: 'w-bob',
      customer: 'bob',
      wanted: 10,
    });
    const { users } = await alice.exchange();
    expect(users).to.have.length(4);
    expect(await bob.exchange()).to.deep.include({ users: [], entitled: 2 });
    expect((await alice.exchange()).entitled).to.equal(2);
    await alice.release(users[0]!.claim!, users[1]!.claim!);
    await eventually(() => expect(bob.told.newUsers.flat()).to.have.length(2), { withinMs: 1_000 });
    expect((await alice.exchange()).users).to.have.length(2);
    expect((await bob.exchange()).users).to.have.length(2);
  });

  it('divides by the weight of customers', async () => {
    for (const name of names) {
      await mesh.agent(name);
    }
    await using heavy = await openSession(mesh.bus, {
      workload: 'w-heavy',
      customer: 'heavy',
      wanted: 10,
      weight: 3,
    });
    await using light = await openSession(mesh.bus, {
      workload: 'w-light',
      customer: 'light',
      wanted: 10,
    });
    await heavy.exchange();
    await light.exchange();
    expect((await heavy.exchange()).entitled).to.equal(3);
    expect((await light.exchange()).entitled).to.equal(1);
  });

  it('gives only those who can do the work', async () => {
    await mesh.agent('noop-only');
    await mesh.agent('old', { engines: [{ name: 'CYCLES', version: '3.3.0', devices: [] }] });
    const fit = await mesh.agent('fit', {
      engines: [{ name: 'CYCLES', version: '3.4.1', devices: [] }],
    });
    await using session = await openSession(mesh.bus, {
      workload: 'w-fit',
      wanted: 10,
      needs: { engine: 'CYCLES', minVersion: '3.4' },
    });
    const { users, suitable, connected } = await session.exchange();
    expect(users.map(({ claim }) => claim?.userId)).to.deep.equal([fit.machine]);
    expect({ suitable, connected }).to.deep.equal({ suitable: 1, connected: 3 });
  });

  it('releases a claim that no exchange confirms for 10 s, so that others get the user', async () => {
    await mesh.agent('a');
    await using mute = await openSession(mesh.bus, { workload: 'w-mute' });
    await mute.exchange();
    await using waiting = await openSession(mesh.bus, { workload: 'w-waiting' });
    await eventually(async () => expect((await waiting.exchange()).users).to.have.length(1), {
      everyMs: 100,
    });
  });

  it('leaves a claim alone that every exchange confirms', async () => {
    await mesh.agent('a');
    await using session = await openSession(mesh.bus, { workload: 'w-lively' });
    const [first] = (await session.exchange()).users;
    const ends = Date.now() + 15_000 / SPEED;
    let last = first;
    while (Date.now() < ends) {
      [last] = (await session.exchange()).users;
    }
    expect(last?.claim).to.deep.equal(first?.claim);
  });

  it('does not give a user that comes back to a session that has got another meanwhile', async () => {
    const agent = await mesh.agent('a');
    await using session = await openSession(mesh.bus, { workload: 'w-full', wanted: 1 });
    await session.exchange();
    agent.close();
    await eventually(() => expect(session.told.disconnected).to.have.length(1));
    const other = await mesh.agent('b');
    await eventually(async () =>
      expect((await session.exchange()).users.map(({ claim }) => claim?.userId)).to.deep.equal([
        other.machine,
      ]),
    );
    const again = await connectAgent({ target: mesh.address, ...agent });
    const { users } = await mesh.clients('operator');
    await eventually(async () => {
      const { user } = await users.getUser({ userId: again.machine });
      expect([user?.state, user?.workloadId]).to.deep.equal(['USER_STATE_IDLE', '']);
    });
    expect((await session.exchange()).users.map(({ claim }) => claim?.userId)).to.deep.equal([
      other.machine,
    ]);
    await again.goodbye();
  });

  it('gives a user of two sessions to the one that claimed last, and stops the other from commanding it', async () => {
    const agent = await mesh.agent('a');
    await using one = await openSession(mesh.bus, { workload: 'w-one' });
    const [first] = (await one.exchange()).users;
    await one.exchange({ wanted: 0 });
    await one.release(first!.claim!);
    await using two = await openSession(mesh.bus, { workload: 'w-two' });
    const [second] = (await two.exchange()).users;
    expect(second!.claim!.claim).to.equal(first!.claim!.claim + 1);
    expect(await one.hand(first!, { counter: 99 })).to.equal(true);
    expect(await two.hand(second!)).to.equal(false);
    await eventually(() =>
      expect(agent.desired.map(({ workloadId }) => workloadId)).to.deep.equal(['w-two']),
    );
  });

  it('refuses to release users for an earlier owner, and releases only the claim that is named', async () => {
    await mesh.agent('a');
    await using session = await openSession(mesh.bus, { workload: 'w-owners' });
    const [user] = (await session.exchange({ epoch: 5 })).users;
    session.demand.epoch = 4;
    const refused = await session.release(user!.claim!).then(
      () => 'OK',
      (thrown: Error & { reason?: string }) => thrown.reason,
    );
    expect(refused).to.equal('STALE_EPOCH');
    session.demand.epoch = 5;
    await session.release({ ...user!.claim!, claim: 0 });
    expect((await session.exchange()).users).to.have.length(1);
  });
});
