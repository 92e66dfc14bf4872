import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ConnectResponse, DesiredState, Outcome } from '#libs/contracts/agent.ts';
import { createOutbox, type Outbox } from './outbox.ts';

const welcome: ConnectResponse = {
  message: { $case: 'welcome', value: { userId: 'u', connectionId: 'c', features: [] } },
};
const superseded: ConnectResponse = { message: { $case: 'superseded', value: {} } };

const state = (counter: number): DesiredState => ({
  workloadId: 'w',
  claim: 1,
  reign: 0,
  counter,
  adopt: false,
  work: undefined,
  attempts: [],
});

const outcomes = (from: number, to: number): Outcome[] =>
  Array.from({ length: to - from }, (_, i) => ({ reportId: from + i, verdict: 'VERDICT_ACCEPTED', reason: '' }));

/** What comes out until the end, in short, and the error if it ends with one. */
const drain = async (outbox: Outbox): Promise<string[]> => {
  const heard: string[] = [];
  try {
    for await (const { message } of outbox) {
      const value = message?.value;
      const detail = value !== undefined && 'outcomes' in value ? value.outcomes.length : '';
      heard.push(`${message?.$case}${value !== undefined && 'counter' in value ? value.counter : detail}`);
    }
  } catch (thrown) {
    heard.push(String(thrown));
  }
  return heard;
};

const at = (now: { ms: number }): Outbox => createOutbox(welcome, () => now.ms);

describe('createOutbox', () => {
  it('begins with the welcome, gathers outcomes, and keeps only the latest desired state', async () => {
    const outbox = at({ ms: 0 });
    outbox.desired(state(1));
    outbox.outcomes(outcomes(1, 3));
    outbox.desired(state(2));
    outbox.outcomes(outcomes(3, 4));
    outbox.finish();
    expect(await drain(outbox)).to.deep.equal(['welcome', 'outcomes3', 'desiredState2']);
  });

  it('cuts a long list of outcomes into messages', async () => {
    const outbox = at({ ms: 0 });
    outbox.outcomes(outcomes(0, 12_000));
    outbox.finish();
    expect(await drain(outbox)).to.deep.equal(['welcome', 'outcomes5000', 'outcomes5000', 'outcomes2000']);
    expect(outbox.waitingBytes()).to.equal(0);
  });

  it('drops what waits when it fails, but for the last words', async () => {
    const outbox = at({ ms: 0 });
    outbox.outcomes(outcomes(0, 10));
    outbox.fail(new Error('first'), superseded);
    outbox.fail(new Error('second'));
    expect(await drain(outbox)).to.deep.equal(['superseded', 'Error: first']);
  });

  it('wakes a reader that waits', async () => {
    const outbox = at({ ms: 0 });
    const heard = drain(outbox);
    await new Promise(setImmediate);
    outbox.desired(state(1));
    await new Promise(setImmediate);
    outbox.fail(new Error('over'));
    expect(await heard).to.deep.equal(['welcome', 'desiredState1', 'Error: over']);
  });

  it('knows since when the reader has not taken what waits, and how much that is', async () => {
    const now = { ms: 5 };
    const outbox = at(now);
    const reader = outbox[Symbol.asyncIterator]();
    await reader.next();
    expect(outbox.waitingSinceMs()).to.equal(undefined);
    outbox.desired(state(1));
    now.ms = 9;
    outbox.outcomes(outcomes(0, 10));
    expect(outbox.waitingSinceMs()).to.equal(5);
    expect(outbox.waitingBytes()).to.equal(10 * 150 + 1_000);
    await reader.next();
    await reader.next();
    expect(outbox.waitingSinceMs()).to.equal(undefined);
    expect(outbox.waitingBytes()).to.equal(0);
  });
});
