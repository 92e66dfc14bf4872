import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ConnectResponse, DesiredState, Outcome } from '#libs/contracts/agent.ts';
import { createSendQueue, type SendQueue } from './send-queue.ts';

const welcome: ConnectResponse = {
  message: { $case: 'welcome', value: { userId: 'u', connectionId: 'c', features: [] } },
};
const superseded: ConnectResponse = { message: { $case: 'superseded', value: {} } };

const state = (counter: number): DesiredState => ({
  workloadId: 'w',
  claim: 1,
  epoch: 0,
  counter,
  adopt: false,
  inputs: [],
  work: undefined,
  attempts: [],
});

const outcomes = (from: number, to: number): Outcome[] =>
  Array.from({ length: to - from }, (_, i) => ({
    reportId: from + i,
    verdict: 'VERDICT_ACCEPTED',
    reason: '',
  }));

/** The messages until the end, in short, and the error if there is one. */
const drain = async (queue: SendQueue): Promise<string[]> => {
  const heard: string[] = [];
  try {
    for await (const { message } of queue) {
      const value = message?.value;
      const detail = value !== undefined && 'outcomes' in value ? value.outcomes.length : '';
      heard.push(
        `${message?.$case}${value !== undefined && 'counter' in value ? value.counter : detail}`,
      );
    }
  } catch (thrown) {
    heard.push(String(thrown));
  }
  return heard;
};

const at = (now: { ms: number }): SendQueue => createSendQueue(welcome, () => now.ms);

describe('createSendQueue', () => {
  it('begins with the welcome, gathers outcomes, and keeps only the latest desired state', async () => {
    const queue = at({ ms: 0 });
    queue.desired(state(1));
    queue.outcomes(outcomes(1, 3));
    queue.desired(state(2));
    queue.outcomes(outcomes(3, 4));
    queue.finish();
    expect(await drain(queue)).to.deep.equal(['welcome', 'outcomes3', 'desiredState2']);
  });

  it('cuts a long list of outcomes into messages', async () => {
    const queue = at({ ms: 0 });
    queue.outcomes(outcomes(0, 12_000));
    queue.finish();
    expect(await drain(queue)).to.deep.equal([
      'welcome',
      'outcomes5000',
      'outcomes5000',
      'outcomes2000',
    ]);
    expect(queue.waitingBytes()).to.equal(0);
  });

  it('drops what waits when it fails, except for the last message', async () => {
    const queue = at({ ms: 0 });
    queue.outcomes(outcomes(0, 10));
    queue.fail(new Error('first'), superseded);
    queue.fail(new Error('second'));
    expect(await drain(queue)).to.deep.equal(['superseded', 'Error: first']);
  });

  it('wakes a reader that waits', async () => {
    const queue = at({ ms: 0 });
    const heard = drain(queue);
    await new Promise(setImmediate);
    queue.desired(state(1));
    await new Promise(setImmediate);
    queue.fail(new Error('over'));
    expect(await heard).to.deep.equal(['welcome', 'desiredState1', 'Error: over']);
  });

  it('knows how much waits, and since when the reader has not taken it', async () => {
    const now = { ms: 5 };
    const queue = at(now);
    const reader = queue[Symbol.asyncIterator]();
    await reader.next();
    expect(queue.waitingSinceMs()).to.equal(undefined);
    queue.desired(state(1));
    now.ms = 9;
    queue.outcomes(outcomes(0, 10));
    expect(queue.waitingSinceMs()).to.equal(5);
    expect(queue.waitingBytes()).to.equal(10 * 150 + 1_000);
    await reader.next();
    await reader.next();
    expect(queue.waitingSinceMs()).to.equal(undefined);
    expect(queue.waitingBytes()).to.equal(0);
  });
});
