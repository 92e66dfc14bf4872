import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  eventually,
  startMongod,
  startNats,
  type TestMongod,
  type TestStore,
} from '#libs/testing/index.ts';
import { attemptOf, completedOf, holding } from './fixtures/agent.ts';
import { startMesh } from './fixtures/mesh.ts';
import { refusal } from './fixtures/refusal.ts';
import { openSession } from './fixtures/session.ts';

const attempt = attemptOf('noop/0', '0-1');

describe('user-manager while a store is away', () => {
  let nats: TestStore;
  let mongod: TestMongod;
  before(async () => {
    [nats, mongod] = await Promise.all([startNats(), startMongod()]);
  });
  after(async () => {
    await nats[Symbol.asyncDispose]();
    await mongod[Symbol.asyncDispose]();
  });

  it('says that MongoDB is away, keeps streams and claims, and is back by itself', async () => {
    await using mesh = await startMesh({ stores: { natsUrl: nats.url, mongoUrl: mongod.url } });
    const agent = await mesh.agent('a');
    await using session = await openSession(mesh.bus, { workload: 'w-mongo' });
    const [user] = (await session.exchange()).users;
    const { users, machines } = await mesh.clients('operator');
    await mongod.kill('SIGKILL');
    const away = 'UNAVAILABLE DEPENDENCY_UNAVAILABLE';
    expect(await refusal(users.listUsers({ workloadId: '', pageSize: 0, pageToken: '' }))).to.equal(
      away,
    );
    expect(
      await refusal(machines.createMachine({ name: 'b', tokenTtlSeconds: 0, requestId: '' })),
    ).to.equal(away);
    expect(await refusal(session.exchange({ wanted: 2 }, 0))).to.equal(away);
    // Work goes on: neither hand-outs nor reports need MongoDB here.
    expect(await session.hand(user!, { attempts: [attempt] })).to.equal(false);
    await agent.report(completedOf(1, 'w-mongo', attempt));
    await eventually(() => expect(agent.outcomes).to.have.length(1));
    await mongod.restart();
    await eventually(
      async () =>
        expect((await session.exchange()).users.map(({ claim }) => claim)).to.deep.equal([
          user!.claim,
        ]),
      { withinMs: 10_000, everyMs: 100 },
    );
    await agent.goodbye();
  }).timeout(60_000);

  it('keeps reports for later while NATS is away, and is back by itself', async () => {
    await using mesh = await startMesh({ stores: { natsUrl: nats.url, mongoUrl: mongod.url } });
    const agent = await mesh.agent('a', holding('w-nats'));
    await using session = await openSession(mesh.bus, { workload: 'w-nats' });
    const [user] = (await session.exchange()).users;
    const service = await mesh.clients('service');
    await nats.kill('SIGKILL');
    await agent.report(completedOf(1, 'w-nats', attempt));
    await eventually(
      () => expect(agent.outcomes.map(({ verdict }) => verdict)).to.deep.equal(['VERDICT_LATER']),
      {
        withinMs: 8_000,
      },
    );
    expect(await refusal(service.demands.setDemand({ demand: session.demand }))).to.equal(
      'UNAVAILABLE DEPENDENCY_UNAVAILABLE',
    );
    await nats.restart();
    await eventually(
      async () =>
        expect((await session.exchange()).users.map(({ claim }) => claim)).to.deep.equal([
          user!.claim,
        ]),
      { withinMs: 10_000, everyMs: 100 },
    );
    await agent.report(completedOf(2, 'w-nats', attempt));
    await eventually(() =>
      expect(agent.outcomes.at(-1)).to.deep.include({ reportId: 2, verdict: 'VERDICT_ACCEPTED' }),
    );
    await agent.goodbye();
  }).timeout(60_000);

  it('ends a stream that breaks while MongoDB is away once that is back', async () => {
    await using mesh = await startMesh({ stores: { natsUrl: nats.url, mongoUrl: mongod.url } });
    const agent = await mesh.agent('a');
    await using session = await openSession(mesh.bus, { workload: 'w-broken' });
    const [user] = (await session.exchange()).users;
    await session.hand(user!, { attempts: [attempt] });
    await mongod.kill('SIGKILL');
    agent.close();
    await eventually(() => expect(session.told.disconnected).to.have.length(1));
    await mongod.restart();
    const { users } = await mesh.clients('operator');
    await eventually(
      async () =>
        expect(
          (await users.listUsers({ workloadId: '', pageSize: 0, pageToken: '' })).users,
        ).to.deep.equal([]),
      { withinMs: 10_000, everyMs: 100 },
    );
  }).timeout(60_000);
});
