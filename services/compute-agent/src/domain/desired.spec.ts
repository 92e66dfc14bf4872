import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isNewer, NO_ORDER } from './desired.ts';

describe('isNewer', () => {
  const order = (claim: number, epoch: number, counter: number) => ({ claim, epoch, counter });

  it('compares the claim first, then the epoch, then the counter', () => {
    const ascending = [
      order(1, 9, 9),
      order(2, 0, 0),
      order(2, 0, 7),
      order(2, 1, 0),
      order(3, 0, 0),
    ];
    for (const [i, one] of ascending.entries()) {
      for (const [j, other] of ascending.entries()) {
        expect(isNewer(one, other), `${i} after ${j}`).to.equal(i > j);
      }
    }
  });

  it('accepts any first state', () => {
    expect(isNewer(order(0, 0, 0), NO_ORDER)).to.equal(true);
  });
});
