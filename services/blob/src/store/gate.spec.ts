import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createGate } from './gate.ts';

describe('createGate', () => {
  const never = new AbortController().signal;

  it('runs so many at once, and the others in the order of their arrival', async () => {
    const gate = createGate(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    const work = async (turn: number): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(turn);
      inside -= 1;
    };
    await Promise.all([0, 1, 2, 3, 4].map((turn) => gate.pass(never, () => work(turn))));
    expect(most).to.equal(2);
    expect(order).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('frees a place if the work fails, and gives none to callers that left', async () => {
    const gate = createGate(1);
    const leaving = new AbortController();
    const failing = gate.pass(never, () => Promise.reject(new Error('broken')));
    const left = gate.pass(leaving.signal, () => Promise.resolve('in'));
    leaving.abort(new Error('left'));
    const outcomes = await Promise.allSettled([failing, left]);
    expect(
      outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason)),
    ).to.deep.equal(['Error: broken', 'Error: left']);
    expect(await gate.pass(never, () => Promise.resolve('in'))).to.equal('in');
  });
});
