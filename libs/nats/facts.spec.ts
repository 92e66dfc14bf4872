import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { status } from '#libs/errors/index.ts';
import { eventually, startNats, type TestStore, errorOf } from '#libs/testing/index.ts';
import type { Bus } from './bus.ts';
import { toServers } from './servers.ts';
import { bytesOf, testBus, textOf } from './fixtures/bus.ts';
import { EVENTS_STREAM } from '#libs/mesh/index.ts';
import { observe } from './fixtures/observer.ts';

const FACT = 'muster.session.v1.workload.w-1.task-settled';

let nats: TestStore;
let bus: Bus;
let operator: NatsConnection;
let jsm: JetStreamManager;

before(async () => {
  nats = await startNats();
  operator = await connect({
    ...toServers({ url: nats.url }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  jsm = await operator.jetstreamManager();
});
after(async () => {
  await operator.close();
  await nats[Symbol.asyncDispose]();
});
beforeEach(async () => {
  bus = await testBus(nats.url);
});
afterEach(async () => {
  await bus.close();
  await jsm.streams.delete(EVENTS_STREAM).catch(() => undefined);
});

const keptIds = async (): Promise<string[]> => {
  await using observer = await observe({ url: nats.url }, 'muster.nothing', () => undefined);
  return (await observer.facts()).map(({ messageId }) => messageId);
};

const kept = async (): Promise<number> => (await jsm.streams.info(EVENTS_STREAM)).state.messages;

describe('publishFact', () => {
  it('keeps a fact once, however often it is published', async () => {
    await bus.publishFact(FACT, bytesOf('done'), 'w-1/1/settled');
    await bus.publishFact(FACT, bytesOf('done'), 'w-1/1/settled');
    await bus.publishFact(FACT, bytesOf('done too'), 'w-1/2/settled');
    expect(await kept()).to.equal(2);
    const first = await jsm.streams.getMessage(EVENTS_STREAM, { seq: 1 });
    expect(first.subject).to.equal(FACT);
    expect(textOf(first.data)).to.equal('done');
  });

  it('makes a bounded stream on disk that remembers ids for ten minutes', async () => {
    await bus.close();
    bus = await testBus(nats.url, { facts: { maxAgeMs: 3_600_000, maxBytes: 8 * 1024 * 1024 } });
    await bus.publishFact(FACT, bytesOf(''), 'a');
    const { config } = await jsm.streams.info(EVENTS_STREAM);
    expect(config).to.include({
      storage: 'file',
      discard: 'old',
      max_age: 3_600_000 * 1e6,
      max_bytes: 8 * 1024 * 1024,
      duplicate_window: 600_000 * 1e6,
    });
  });

  it('does not change the stream of an operator', async () => {
    await jsm.streams.add({
      name: EVENTS_STREAM,
      subjects: ['muster.*.v1.*.*.*'],
      max_bytes: 1024 * 1024,
    });
    await bus.publishFact(FACT, bytesOf(''), 'a');
    expect((await jsm.streams.info(EVENTS_STREAM)).config.max_bytes).to.equal(1024 * 1024);
  });

  it('does not store requests as facts', async () => {
    await bus.publishFact(FACT, bytesOf(''), 'a');
    const request = bus.request('muster.session.v1.w-1.new-users', bytesOf(''), {
      timeoutMs: 5_000,
    });
    expect(await errorOf(request)).to.include({ reason: 'NO_RESPONDER' });
    expect(await kept()).to.equal(1);
    const fact = await errorOf(
      bus.publishFact('muster.session.v1.w-1.new-users', bytesOf(''), 'b'),
    );
    expect(fact).to.include({ code: status.INVALID_ARGUMENT, reason: 'INVALID_SUBJECT' });
  });

  it('lets many processes make the stream at the same time', async () => {
    const others = await Promise.all(
      [1, 2, 3].map((each) => testBus(nats.url, { facts: { maxAgeMs: each * 1e6 } })),
    );
    await Promise.all(
      others.map((other, index) => other.publishFact(FACT, bytesOf(''), String(index))),
    );
    expect(await kept()).to.equal(3);
    await Promise.all(others.map((other) => other.close()));
  });

  it('makes a removed stream again', async () => {
    await bus.publishFact(FACT, bytesOf(''), 'a');
    await jsm.streams.delete(EVENTS_STREAM);
    await bus.publishFact(FACT, bytesOf(''), 'b');
    expect(await kept()).to.equal(1);
  });

  it('has every acknowledged fact after a kill, and each fact once after a repetition', async function () {
    this.timeout(40_000);
    const ids = Array.from({ length: 200 }, (_, index) => `w-1/${index}/settled`);
    const acknowledged = new Set<string>();
    const half = Promise.withResolvers<void>();
    const said = Promise.allSettled(
      ids.map(async (id) => {
        await bus.publishFact(FACT, bytesOf(id), id);
        if (acknowledged.add(id).size === 100) {
          half.resolve();
        }
      }),
    );
    await half.promise;
    await nats.kill('SIGKILL');
    await said;
    const back = Promise.withResolvers<void>();
    bus.onReconnect(back.resolve);
    await nats.restart();
    await back.promise;
    // The server accepts connections before it has read its streams.
    await eventually(async () => expect(await keptIds()).to.include.members([...acknowledged]), {
      withinMs: 15_000,
    });
    for (const id of ids) {
      await bus.publishFact(FACT, bytesOf(id), id);
    }
    expect(new Set(await keptIds())).to.deep.equal(new Set(ids));
  });
});
