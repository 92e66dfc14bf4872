import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { AgentServiceService, ConnectRequest, type Outcome } from '#libs/contracts/agent.ts';
import { createClient } from '#libs/grpc/index.ts';
import { eventually, startProxy } from '#libs/testing/index.ts';
import {
  attemptOf,
  completedOf,
  connectAgent,
  heldOf,
  helloOf,
  holding,
} from '../fixtures/agent.ts';
import { startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal, refusalOf } from '../fixtures/refusal.ts';
import { openSession } from '../fixtures/session.ts';

const later = (reportId: number, reason: string): Outcome => ({
  reportId,
  verdict: 'VERDICT_LATER',
  reason,
});

const attempt = attemptOf('noop/0', '0-1');

describe('AgentService.connect', () => {
  let mesh: TestMesh;
  before(async () => {
    mesh = await startMesh();
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  /** Opens a stream, sends these messages, and answers how the stream ended. */
  const endAfter = async (
    token: string,
    ...messages: ConnectRequest['message'][]
  ): Promise<string> => {
    using client = createClient(AgentServiceService, { target: mesh.address, token });
    const call = client.connect();
    return await refusal(async () => {
      for (const message of messages) {
        await call.send({ message }).catch(() => undefined);
      }
      if (messages.length === 0) {
        call.end();
      }
      for await (const _ of call.responses) {
      }
    });
  };
  const hello: ConnectRequest['message'] = { $case: 'hello', value: helloOf() };

  describe('at the beginning', () => {
    it('requires hello first, and only once', async () => {
      const { token } = await mesh.enrol('first');
      const expected = 'FAILED_PRECONDITION HELLO_EXPECTED';
      expect(await endAfter(token, { $case: 'goodbye', value: { reason: '' } })).to.equal(expected);
      expect(await endAfter(token, undefined)).to.equal(expected);
      expect(await endAfter(token)).to.equal(expected);
      expect(await endAfter(token, hello, hello)).to.equal(expected);
    });

    it('names everything that is wrong with a hello', async () => {
      const { token } = await mesh.enrol('malformed');
      const wrong = helloOf({ hello: { slots: 0, capability: undefined } });
      expect(await endAfter(token, { $case: 'hello', value: wrong })).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: hello.slots, hello.capability',
      );
    });

    it('admits only enrolled machines', async () => {
      expect(await endAfter(await mesh.token('agent', 'm-none', 'm-none'), hello)).to.equal(
        'PERMISSION_DENIED MACHINE_UNKNOWN',
      );
    });

    it('admits only agents', async () => {
      expect(await endAfter('rubbish', hello)).to.match(/^UNAUTHENTICATED TOKEN_/);
      expect(await endAfter(await mesh.token('operator'), hello)).to.equal(
        'PERMISSION_DENIED ROLE_NOT_ALLOWED',
      );
    });
  });

  /** The agents' rpc, to which a test sends bytes in place of messages. */
  const raw = { ...AgentServiceService.connect, requestSerialize: (bytes: Buffer) => bytes };

  describe('an agent of another version', () => {
    it('is told what this manager understands', async () => {
      const agent = await mesh.agent('curious');
      expect(agent.welcome.features).to.deep.equal(['skips-unknown', 'progress', 'checkpoints']);
      await agent.goodbye();
    });

    it('may say what only a later manager knows, and stays connected', async () => {
      const { token } = await mesh.enrol('newer');
      using client = createClient({ connect: raw }, { target: mesh.address, token });
      const call = client.connect();
      const say = (message: ConnectRequest['message'] | Buffer): Promise<void> =>
        call.send(
          (Buffer.isBuffer(message)
            ? message
            : Buffer.from(ConnectRequest.encode({ message }).finish())) as never,
        );
      await say(hello);
      // Field 100 of ConnectRequest, a message of two bytes.
      for (let i = 0; i < 3; i += 1) {
        await say(Buffer.from([0xa2, 0x06, 2, 0x08, 1]));
      }
      await say({ $case: 'reports', value: { reports: [completedOf(1, 'w-nobody', attempt)] } });
      const heard: (string | undefined)[] = [];
      for await (const { message } of call.responses) {
        heard.push(message?.$case);
        if (message?.$case === 'outcomes') {
          break;
        }
      }
      expect(heard).to.deep.equal(['welcome', 'outcomes']);
      expect(await endAfter(token, undefined)).to.equal('FAILED_PRECONDITION HELLO_EXPECTED');
    });
  });

  describe('rubbish', () => {
    it('ends the stream that it came on, and no other', async () => {
      const { token } = await mesh.enrol('rubbish');
      const other = await mesh.agent('bystander');
      const field = 'INVALID_ARGUMENT INVALID_FIELDS';
      expect(await endAfter(token, hello, undefined)).to.equal(`${field}: message`);
      const bad = completedOf(1, '>', attempt);
      expect(
        await endAfter(token, hello, { $case: 'reports', value: { reports: [bad] } }),
      ).to.equal(`${field}: reports.reports[0].workload_id`);
      const many = Array.from({ length: 1_001 }, () => completedOf(1, 'w-1', attempt));
      expect(await endAfter(token, hello, { $case: 'reports', value: { reports: many } })).to.equal(
        `${field}: reports.reports`,
      );
      expect(await endAfter(token, hello, { $case: 'held', value: heldOf('*', []) })).to.equal(
        `${field}: held.workload_id`,
      );
      await other.goodbye();
    });

    it('ends the stream also if it is not a message, or too long', async () => {
      const { token } = await mesh.enrol('garbage');
      const send = async (bytes: Buffer): Promise<string> => {
        using client = createClient({ connect: raw }, { target: mesh.address, token });
        const call = client.connect();
        return await refusal(async () => {
          await call.send(bytes as never).catch(() => undefined);
          for await (const _ of call.responses) {
          }
        });
      };
      expect(await send(Buffer.from([0x0a, 0xff, 0xff, 0xff]))).to.equal(
        'INVALID_ARGUMENT MALFORMED_MESSAGE',
      );
      expect(await send(Buffer.alloc(5 * 2 ** 20))).to.match(/^RESOURCE_EXHAUSTED /);
    });
  });

  describe('desired states', () => {
    it('go on if they are greater, and not if they are repeated or older', async () => {
      const agent = await mesh.agent('desired');
      await using session = await openSession(mesh.bus, { workload: 'w-desired' });
      const [user] = (await session.exchange()).users;
      expect(await session.hand(user!, { counter: 5, attempts: [attempt] })).to.equal(false);
      await eventually(() => expect(agent.desired).to.have.length(1));
      expect(await session.hand(user!, { counter: 5 })).to.equal(false);
      expect(await session.hand(user!, { counter: 4 })).to.equal(false);
      expect(await session.hand(user!, { epoch: 1, counter: 0, adopt: true })).to.equal(false);
      await eventually(() =>
        expect(agent.desired.map(({ epoch, counter }) => [epoch, counter])).to.deep.equal([
          [0, 5],
          [1, 0],
        ]),
      );
      await agent.goodbye();
    });

    it('are refused to a session that lost the user: another stream, an older claim, given back', async () => {
      const agent = await mesh.agent('lost');
      await using session = await openSession(mesh.bus, { workload: 'w-lost' });
      const [user] = (await session.exchange()).users;
      const claim = user!.claim!;
      expect(
        await session.hand({ ...user!, claim: { ...claim, connectionId: 'c-other' } }),
      ).to.equal(true);
      expect(await session.hand({ ...user!, claim: { ...claim, userId: 'm-other' } })).to.equal(
        true,
      );
      expect(
        await session.hand({ ...user!, claim: { ...claim, claim: claim.claim - 1 } }),
      ).to.equal(true);
      await session.release(claim);
      expect(await session.hand(user!, { attempts: [attempt] })).to.equal(true);
      await agent.goodbye();
    });
  });

  describe('progress', () => {
    const told = {
      fraction: 0.5,
      text: 'Sample 1/2',
      elapsedSeconds: 3,
      remainingSeconds: 3,
      canSplit: false,
    };
    const inW = (workloadId: string) => ({ ...told, workloadId, attempt: '0-1' });

    it('goes to the session that the agent serves, and to no other', async () => {
      const agent = await mesh.agent('progress');
      await using session = await openSession(mesh.bus, { workload: 'w-served' });
      await using other = await openSession(mesh.bus, { workload: 'w-other' });
      const [user] = (await session.exchange()).users;
      await session.hand(user!, { counter: 1, attempts: [attempt] });
      const value = { tasks: [inW('w-other'), inW('w-served')] };
      await agent.send({ $case: 'progress', value });
      await eventually(() => expect(session.told.progress).to.have.length(1));
      expect(session.told.progress[0]).to.deep.equal({
        userId: agent.machine,
        connectionId: user!.claim!.connectionId,
        tasks: [inW('w-served')],
      });
      expect(other.told.progress).to.deep.equal([]);
      await agent.goodbye();
    });

    it('ends the stream if it is rubbish', async () => {
      const { token } = await mesh.enrol('boastful');
      const boast = { ...inW('w.*'), attempt: 'x', fraction: 2, elapsedSeconds: -1 };
      const value = { tasks: [{ ...boast, text: 'x'.repeat(201), remainingSeconds: Infinity }] };
      expect(await endAfter(token, hello, { $case: 'progress', value })).to.equal(
        `INVALID_ARGUMENT INVALID_FIELDS: ${['workload_id', 'attempt', 'fraction', 'text', 'elapsed_seconds', 'remaining_seconds'].map((field) => `progress.tasks[0].${field}`).join(', ')}`,
      );
    });
  });

  describe('reports', () => {
    it('travel together when they come together, each workload on its own', async () => {
      const agent = await mesh.agent('batch', holding('w-one', 'w-two'));
      await using one = await openSession(mesh.bus, { workload: 'w-one' });
      await using two = await openSession(mesh.bus, { workload: 'w-two' });
      const reports = Array.from({ length: 1_000 }, (_, i) =>
        completedOf(i + 1, i % 2 === 0 ? 'w-one' : 'w-two', attempt),
      );
      await agent.report(...reports);
      await eventually(() => expect(agent.outcomes).to.have.length(1_000));
      expect(agent.outcomes.every(({ verdict }) => verdict === 'VERDICT_ACCEPTED')).to.equal(true);
      expect(one.told.reports.map((each) => each.reports.length)).to.deep.equal([500]);
      expect(two.told.reports.map((each) => each.reports.length)).to.deep.equal([500]);
      await agent.goodbye();
    });

    it('go to any supervisor when nobody owns the workload', async () => {
      const agent = await mesh.agent('orphan', holding('w-nobody'));
      await using any = await openSession(mesh.bus, {
        workload: 'any',
        verb: 'report',
        decide: ({ reports }) =>
          reports.map(({ reportId }) => ({
            reportId,
            verdict: 'VERDICT_SETTLED',
            reason: 'WORKLOAD_ENDED',
          })),
      });
      await agent.report(completedOf(1, 'w-nobody', attempt));
      await eventually(() =>
        expect(agent.outcomes).to.deep.equal([
          { reportId: 1, verdict: 'VERDICT_SETTLED', reason: 'WORKLOAD_ENDED' },
        ]),
      );
      expect(any.told.reports).to.have.length(1);
      await agent.goodbye();
    });

    it('are to be reported again if nobody decides, or the answer leaves them out', async () => {
      const agent = await mesh.agent('later', holding('w-nobody', 'w-mute'));
      await agent.report(completedOf(1, 'w-nobody', attempt));
      await eventually(() => expect(agent.outcomes).to.deep.equal([later(1, 'NO_OWNER')]));
      await using _ = await openSession(mesh.bus, { workload: 'w-mute', decide: () => [] });
      await agent.report(completedOf(2, 'w-mute', attempt));
      await eventually(() => expect(agent.outcomes.at(-1)).to.deep.equal(later(2, 'NOT_ANSWERED')));
      await agent.goodbye();
    });

    it('are to be reported again if the owner does not answer in time', async () => {
      const agent = await mesh.agent('silent-owner', holding('w-silent'));
      const held = Promise.withResolvers<Outcome[]>();
      await using _ = await openSession(mesh.bus, {
        workload: 'w-silent',
        decide: () => held.promise,
      });
      await agent.report(completedOf(1, 'w-silent', attempt));
      await eventually(
        () =>
          expect(agent.outcomes.map(({ verdict, reason }) => [verdict, reason])).to.deep.equal([
            ['VERDICT_LATER', 'REPLY_TIMEOUT'],
          ]),
        {
          withinMs: 7_000,
        },
      );
      held.resolve([]);
      await agent.goodbye();
    });

    it('are read no faster than they are decided', async () => {
      const agent = await mesh.agent('eager', holding('w-slow'));
      const gate = Promise.withResolvers<void>();
      let asked = 0;
      await using _ = await openSession(mesh.bus, {
        workload: 'w-slow',
        decide: async ({ reports }) => {
          asked += reports.length;
          await gate.promise;
          return reports.map(({ reportId }) => ({
            reportId,
            verdict: 'VERDICT_ACCEPTED',
            reason: '',
          }));
        },
      });
      let id = 0;
      const batches = Array.from({ length: 15 }, () =>
        Array.from({ length: 1_000 }, () => completedOf((id += 1), 'w-slow', attempt)),
      );
      const sending = (async () => {
        for (const batch of batches) {
          await agent.report(...batch);
        }
      })();
      await eventually(() => expect(asked).to.be.at.least(5_000));
      expect(asked).to.be.at.most(7_000);
      gate.resolve();
      await sending;
      await eventually(() => expect(agent.outcomes).to.have.length(15_000));
      await agent.goodbye();
    }).timeout(30_000);
  });

  describe('at the end', () => {
    it('tells the session at once that a stream ended, and whether with a goodbye', async () => {
      await using session = await openSession(mesh.bus, { workload: 'w-ends', wanted: 2 });
      const broken = await mesh.agent('broken');
      const polite = await mesh.agent('polite');
      await session.exchange();
      broken.close();
      await eventually(() => expect(session.told.disconnected).to.have.length(1), {
        withinMs: 1_000,
      });
      await polite.goodbye();
      await eventually(() => expect(session.told.disconnected).to.have.length(2), {
        withinMs: 1_000,
      });
      expect(
        session.told.disconnected.map(({ userId, isClean }) => [userId, isClean]),
      ).to.deep.equal([
        [broken.machine, false],
        [polite.machine, true],
      ]);
    });

    it('treats a stream that ends without goodbye as broken', async () => {
      const agent = await mesh.agent('wordless');
      await using session = await openSession(mesh.bus, { workload: 'w-wordless' });
      await session.exchange();
      await agent.halfClose();
      await eventually(() =>
        expect(session.told.disconnected.map(({ isClean }) => isClean)).to.deep.equal([false]),
      );
    });

    it('treats a silent agent as lost within 10 s', async () => {
      await using proxy = await startProxy({ target: Number(mesh.address.split(':').at(-1)) });
      await using session = await openSession(mesh.bus, { workload: 'w-silence' });
      const agent = await mesh.agent('silent', {}, `ipv4:127.0.0.1:${proxy.port}`);
      await session.exchange();
      proxy.blackhole();
      await eventually(
        () =>
          expect(session.told.disconnected.map(({ userId }) => userId)).to.deep.equal([
            agent.machine,
          ]),
        {
          withinMs: 10_000,
        },
      );
      agent.close();
    }).timeout(20_000);

    it('still sends the outcomes of reports from before a goodbye', async () => {
      const agent = await mesh.agent('last-words', holding('w-last'));
      const gate = Promise.withResolvers<void>();
      await using _ = await openSession(mesh.bus, {
        workload: 'w-last',
        decide: async () => {
          await gate.promise;
          return [{ reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' }];
        },
      });
      await agent.report(completedOf(1, 'w-last', attempt));
      const left = agent.goodbye();
      gate.resolve();
      await left;
      expect(agent.outcomes).to.deep.equal([
        { reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' },
      ]);
      expect(refusalOf(await agent.ended)).to.equal('OK');
    });

    it('supersedes the older stream of a machine, and its claim goes on with the newer one', async () => {
      const older = await mesh.agent('twice');
      await using session = await openSession(mesh.bus, { workload: 'w-twice' });
      const [first] = (await session.exchange()).users;
      const newer = await connectAgent({ target: mesh.address, ...older });
      expect(refusalOf(await older.ended)).to.equal('ABORTED SUPERSEDED');
      expect(older.isSuperseded()).to.equal(true);
      await eventually(() =>
        expect(session.told.disconnected.map(({ connectionId }) => connectionId)).to.deep.equal([
          older.welcome.connectionId,
        ]),
      );
      await eventually(() =>
        expect(session.told.newUsers.flat().at(-1)?.claim?.connectionId).to.equal(
          newer.welcome.connectionId,
        ),
      );
      const [user] = (await session.exchange()).users;
      expect(user?.claim).to.deep.equal({
        userId: newer.machine,
        connectionId: newer.welcome.connectionId,
        claim: first!.claim!.claim + 1,
      });
      expect(await session.hand(user!, { attempts: [attempt] })).to.equal(false);
      await eventually(() => expect(newer.desired).to.have.length(1));
      await newer.goodbye();
    });
  });
});
