import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { inParallel } from '#libs/async/index.ts';
import {
  answersMeanwhile,
  failureOf,
  openAgentStream,
  type RunningService,
  withHostileTexts,
} from '#libs/testing/index.ts';
import { attemptOf, completedOf, helloOf } from './fixtures/agent.ts';
import { type Clients, startMesh, type TestMesh } from './fixtures/mesh.ts';

describe('user-manager under attack by a machine or a customer', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let service: RunningService;
  let operator: Clients;
  let mallory: Clients;
  let machine: { target: string; token: string };
  before(async () => {
    mesh = await startMesh({ managers: 0 });
    service = await mesh.spawn();
    const target = service.address;
    operator = await mesh.clients('operator', target);
    mallory = await mesh.clients('customer', target);
    const ask = { name: 'mallory', tokenTtlSeconds: 0, requestId: '' };
    machine = { target, token: (await operator.machines.createMachine(ask)).token };
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const list = { workloadId: '', pageSize: 0, pageToken: '' };
  const answersOthers = (during: () => Promise<unknown>) =>
    answersMeanwhile(() => operator.users.listUsers(list), during, {
      calls: 100,
      pid: service.pid,
    });
  const connect = (agentVersion = '') =>
    openAgentStream(machine, helloOf({ hello: { agentVersion } }), () => undefined);

  it('answers others while long texts come', async () => {
    await answersOthers(async () => {
      const reasons = await withHostileTexts(
        connect,
        (userId) => operator.users.getUser({ userId }),
        (machineId) => operator.machines.getMachine({ machineId }),
      );
      expect([...reasons]).to.deep.equal(['INVALID_FIELDS']);
      await using ending = new AsyncDisposableStack();
      const stream = await connect();
      ending.defer(() => stream.close());
      const text = 'a.'.repeat(60_000);
      const reports = [completedOf(1, text, attemptOf(text, text))];
      await stream.send({ $case: 'reports', value: { reports } });
      expect((await stream.ended)?.reason).to.equal('INVALID_FIELDS');
    });
  });

  it('answers others while a machine connects again and again', async () => {
    await answersOthers(() =>
      inParallel(10, Array.from({ length: 30 }), async () => {
        const stream = await connect().catch(() => undefined);
        stream?.close();
      }),
    );
  });

  it('answers others while many want to watch its users, and others do', async () => {
    const leaving = new AbortController();
    let heard = 0;
    const watch = async (): Promise<void> => {
      for await (const _ of operator.users.watchUsers({}, { signal: leaving.signal })) {
        heard += 1;
      }
    };
    const watching = Array.from({ length: 100 }, () => watch().catch(() => undefined));
    await answersOthers(async () => {
      await inParallel(10, Array.from({ length: 100 }), async () => {
        const users = mallory.users.watchUsers({})[Symbol.asyncIterator]();
        expect((await failureOf(users.next()))?.reason).to.equal('ROLE_NOT_ALLOWED');
      });
      await (await connect()).goodbye();
    });
    leaving.abort();
    await Promise.all(watching);
    expect(heard).to.be.above(200);
  });
});
