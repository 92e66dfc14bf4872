import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startNats, type TestStore, errorOf } from '#libs/testing/index.ts';
import { bytesOf, testBus, textOf } from './fixtures/bus.ts';
import { observe, type Observed } from './fixtures/observer.ts';

describe('observe', () => {
  let nats: TestStore;
  before(async () => {
    nats = await startNats();
  });
  after(() => nats[Symbol.asyncDispose]());

  it('hears requests, messages and facts, and answers nothing', async () => {
    const heard: Observed[] = [];
    await using observer = await observe({ url: nats.url }, 'muster.>', (message) =>
      heard.push(message),
    );
    await using bus = await testBus(nats.url);
    bus.publish('muster.user.v1.all.user-changed', bytesOf('a'));
    const unanswered = errorOf(
      bus.request('muster.session.v1.w-1.command', bytesOf('b'), { timeoutMs: 300 }),
    );
    expect(await unanswered).to.include({ reason: 'REPLY_TIMEOUT' });
    await bus.publishFact(
      'muster.session.v1.workload.w-1.completed',
      bytesOf('c'),
      'w-1/1/completed',
    );
    await observer.caughtUp();

    expect(heard.map(({ subject, bytes }) => [subject, textOf(bytes)])).to.deep.equal([
      ['muster.user.v1.all.user-changed', 'a'],
      ['muster.session.v1.w-1.command', 'b'],
      ['muster.session.v1.workload.w-1.completed', 'c'],
    ]);
    expect(heard.slice(0, 2).map(({ isRequest }) => isRequest)).to.deep.equal([false, true]);
    const facts = await observer.facts();
    expect(facts.map(({ messageId, bytes }) => [messageId, textOf(bytes)])).to.deep.equal([
      ['w-1/1/completed', 'c'],
    ]);
  });
});
