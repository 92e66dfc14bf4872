import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock } from '#libs/testing/index.ts';
import { createAllowance } from './allowance.ts';

const start = () => {
  const clock = fakeClock();
  const monotonic = () => clock.monotonic();
  return {
    clock,
    allowance: createAllowance({ max: 100, perSecond: 10, maxEarned: 150, monotonic }),
  };
};

describe('an allowance', () => {
  it('lets what it holds pass at once, and makes whoever overdraws it wait until it is at 0 again', async () => {
    const { clock, allowance } = start();
    expect(allowance.spend(100)).to.equal(0);
    expect(allowance.spend(20)).to.equal(2_000);
    await clock.advance(2_000);
    expect(allowance.spend(0)).to.equal(0);
  });

  it('fills with time up to its bound', async () => {
    const { clock, allowance } = start();
    allowance.spend(100);
    await clock.advance(60_000);
    expect(allowance.spend(101)).to.equal(100);
  });

  it('fills further with what is earned, up to a bound of its own', async () => {
    const { clock, allowance } = start();
    allowance.earn(40);
    allowance.earn(40);
    await clock.advance(1_000);
    expect(allowance.spend(150)).to.equal(0);
    expect(allowance.spend(1)).to.equal(100);
  });
});
