import { createHmac } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh, type TestSupervisor } from '../fixtures/mesh.ts';
import { about, refusal, startNoop } from '../fixtures/requests.ts';

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An HTTP server that keeps what it gets, and answers each path with its statuses in turn, the last one for ever. */
const startReceiver = async () => {
  const received: Received[] = [];
  const statuses = new Map<string, number[]>();
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    received.push({ path, headers: request.headers, body: await text(request) });
    const [next = 204, ...rest] = statuses.get(path) ?? [];
    statuses.set(path, rest.length === 0 ? [next] : rest);
    response.writeHead(next, next === 302 ? { location: '/elsewhere' } : {});
    response.end('x'.repeat(9_999));
  };
  const server = createServer((request, response) => void receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path: string): string => `http://127.0.0.1:${port}${path}`,
    at: (path: string): Received[] => received.filter((each) => each.path === path),
    answer: (path: string, ...codes: number[]): void => void statuses.set(path, codes),
    [Symbol.asyncDispose]: () => new Promise<unknown>((resolve) => server.close(resolve)),
  };
};

/** By the specification Standard Webhooks, written down once more. */
const isSigned = (secret: string, { headers, body }: Received): boolean => {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const [id, at] = [headers['webhook-id'], headers['webhook-timestamp']];
  const expected = createHmac('sha256', key).update([id, at, body].join('.')).digest('base64');
  return headers['webhook-signature'] === `v1,${expected}`;
};

describe('webhooks', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let supervisor: TestSupervisor;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  before(async () => {
    receiver = await startReceiver();
    mesh = await openMesh({ env: { MUSTER_WEBHOOK_NETWORKS: '127.0.0.0/8' } });
    supervisor = await mesh.start();
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  const set = async ({ customers }: Clients, path: string, customerId = ''): Promise<string> =>
    (await customers.setWebhook({ customerId, url: receiver.url(path) })).secret;
  const stop = ({ workloads }: Clients, id: string) =>
    workloads.stopAndDeleteWorkload({ ...about(id), deleteResults: false, requestId: '' });

  it('are told of an end, signed, until they take it, and not again', async () => {
    const someone = await mesh.as('customer', 'told');
    receiver.answer('/told', 500, 204);
    const secret = await set(someone, '/told');
    const id = await startNoop(someone, { tasks: 3 });
    mesh.users.assign(id, 'told-1');
    await mesh.users.finishAll(id, 'told-1');
    const [first, second] = await eventually(
      () => {
        expect(receiver.at('/told')).to.have.lengthOf(2);
        return receiver.at('/told');
      },
      { withinMs: 20_000 },
    );
    expect([isSigned(secret, first!), isSigned(secret, second!)]).to.deep.equal([true, true]);
    expect(second?.body).to.equal(first?.body);
    expect(second?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
    const { type, data } = JSON.parse(first!.body) as { type: string; data: object };
    expect(type).to.equal('workload.completed');
    expect(data).to.include({
      workload: id,
      customer: 'told',
      state: 'completed',
      total: 3,
      completed: 3,
      failed: 0,
    });
    const { webhook } = await eventually(async () => {
      const answer = await someone.customers.getWebhook({ customerId: '' });
      expect(answer.webhook).to.include({ waiting: 0, lastFailure: '' });
      return answer;
    });
    expect(webhook?.lastSuccessTime).to.be.instanceOf(Date);
    expect(JSON.stringify(webhook)).not.to.include(secret);
    expect(receiver.at('/told')).to.have.lengthOf(2);
  });

  it('are told by another replica if the one that saw the end is gone', async () => {
    const someone = await mesh.as('customer', 'orphan');
    receiver.answer('/orphan', 503);
    const secret = await set(someone, '/orphan');
    const id = await startNoop(someone);
    await stop(someone, id);
    await eventually(() => expect(receiver.at('/orphan')).not.to.deep.equal([]), {
      withinMs: 20_000,
    });
    await supervisor[Symbol.asyncDispose]();
    const soFar = receiver.at('/orphan').length;
    receiver.answer('/orphan', 200);
    supervisor = await mesh.start();
    await eventually(() => expect(receiver.at('/orphan').length).to.be.above(soFar), {
      withinMs: 20_000,
    });
    const last = receiver.at('/orphan').at(-1)!;
    expect(JSON.parse(last.body)).to.include({ type: 'workload.stopped' });
    expect(isSigned(secret, last)).to.equal(true);
  });

  it('can be tried, and say what came of it; redirects are not followed', async () => {
    const someone = await mesh.as('customer', 'trying', supervisor.address);
    expect(await refusal(someone.customers.testWebhook({ customerId: '' }))).to.equal(
      'WEBHOOK_NOT_FOUND',
    );
    const secret = await set(someone, '/trying');
    const test = () => someone.customers.testWebhook({ customerId: '' });
    expect(await test()).to.deep.equal({ status: 204, failure: '' });
    const [told] = receiver.at('/trying');
    expect(JSON.parse(told!.body)).to.deep.include({ type: 'test', data: { customer: 'trying' } });
    expect(isSigned(secret, told!)).to.equal(true);
    receiver.answer('/trying', 302);
    expect(await test()).to.deep.equal({ status: 302, failure: 'answered 302' });
    expect(receiver.at('/elsewhere')).to.deep.equal([]);
    const again = await set(someone, '/trying');
    expect(again).not.to.equal(secret);
    await test();
    expect(isSigned(again, receiver.at('/trying').at(-1)!)).to.equal(true);
  });

  it('may be in no closed network, and belong to their customer and operators', async () => {
    const someone = await mesh.as('customer', 'curious', supervisor.address);
    const operator = await mesh.as('operator', 'olga', supervisor.address);
    const reasonFor = (url: string): Promise<string> =>
      refusal(someone.customers.setWebhook({ customerId: '', url }));
    for (const host of ['169.254.169.254', '[::1]', '10.1.2.3', '[::ffff:192.168.0.1]', '0']) {
      expect(await reasonFor(`http://${host}/x`), host).to.equal('WEBHOOK_ADDRESS_REFUSED');
    }
    for (const url of ['', 'ftp://127.0.0.1/', 'http://me:secret@127.0.0.1/', 'nonsense']) {
      expect(await reasonFor(url), url).to.equal('INVALID_FIELDS url');
    }
    await set(operator, '/curious', 'curious');
    const { webhook } = await someone.customers.getWebhook({ customerId: 'curious' });
    expect(webhook).to.include({ customerId: 'curious', url: receiver.url('/curious') });
    const other = await mesh.as('customer', 'other', supervisor.address);
    expect(await refusal(other.customers.getWebhook({ customerId: 'curious' }))).to.equal(
      'INVALID_FIELDS customer_id',
    );
    expect(await refusal(operator.customers.getWebhook({ customerId: '' }))).to.equal(
      'INVALID_FIELDS customer_id',
    );
    receiver.answer('/curious', 500);
    const id = await startNoop(someone);
    await stop(someone, id);
    await eventually(() => expect(receiver.at('/curious')).not.to.deep.equal([]), {
      withinMs: 20_000,
    });
    await someone.customers.removeWebhook({ customerId: '' });
    await someone.customers.removeWebhook({ customerId: '' });
    expect(
      await mesh.db
        .collection('deliveries')
        .countDocuments({ customer: 'curious', dueAt: { $exists: true } }),
    ).to.equal(0);
  });
});
