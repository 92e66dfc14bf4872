import { expect } from 'chai';
import { describe, it } from 'mocha';
import { progressOf } from './progress.ts';

describe('progressOf', () => {
  const span = { from: 1, endTime: 3 };
  const values = new Map([
    ['courant_max', 0.5],
    ['air:p_rgh', 0.012345],
  ]);

  it('tells the time, a residual and how long it will take', () => {
    expect(progressOf({ time: '2', at: 2, values }, span, 60)).to.deep.equal({
      fraction: 0.5,
      text: 'Time = 2, air:p_rgh 0.012',
      remainingSeconds: 60,
    });
  });

  it('says nothing of the end where the case does not', () => {
    const { fraction, text } = progressOf(
      { time: '2', at: 2, values: new Map() },
      { from: 1, endTime: undefined },
      60,
    );
    expect([fraction, text]).to.deep.equal([undefined, 'Time = 2']);
  });
});
