import { expect } from 'chai';
import { describe, it } from 'mocha';
import { estimate, learnSeconds, type Pace } from './eta.ts';

const user = (
  secondsPerTask: number | undefined,
  runningSeconds: number[] = [],
  slots = 1,
): Pace => ({
  secondsPerTask,
  slots,
  runningSeconds,
});

describe('learnSeconds', () => {
  it('takes the first measurement as it is and follows a change within a handful', () => {
    let seconds = learnSeconds(undefined, 10);
    expect(seconds).to.equal(10);
    for (let i = 0; i < 8; i += 1) {
      seconds = learnSeconds(seconds, 20);
    }
    expect(seconds).to.be.within(19, 20);
  });

  it('ignores a measurement that is no time', () => {
    for (const seconds of [-1, NaN, Infinity]) {
      expect(learnSeconds(7, seconds)).to.equal(7);
      expect(learnSeconds(undefined, seconds)).to.equal(undefined);
    }
  });
});

describe('estimate', () => {
  it('is unknown without users or measurements, and 0 if nothing remains', () => {
    expect(estimate(5, [])).to.deep.equal({ tasksPerSecond: undefined, etaSeconds: undefined });
    expect(estimate(5, [user(undefined, [3])])).to.deep.equal({
      tasksPerSecond: undefined,
      etaSeconds: undefined,
    });
    expect(estimate(0, []).etaSeconds).to.equal(0);
    expect(estimate(0, [user(4)])).to.deep.equal({ tasksPerSecond: 0.25, etaSeconds: 0 });
  });

  it('is the remaining work over the sum of rates while much is left', () => {
    expect(estimate(1_000, [user(1), user(2)])).to.deep.equal({
      tasksPerSecond: 1.5,
      etaSeconds: 1_000 / 1.5,
    });
    expect(estimate(1_000, [user(1, [], 4)]).etaSeconds).to.equal(250);
  });

  it('counts users without a measurement as average ones', () => {
    expect(estimate(1_000, [user(2), user(undefined)]).tasksPerSecond).to.equal(1);
  });

  it('counts the time that running tasks have run already', () => {
    expect(estimate(1, [user(10, [6])]).etaSeconds).to.equal(4);
  });

  it('waits at the end for the slowest running task', () => {
    expect(estimate(2, [user(1, [0.5]), user(60, [10])]).etaSeconds).to.equal(50);
  });

  it('never promises less than the time of a task that has not begun', () => {
    expect(
      estimate(
        1,
        Array.from({ length: 10 }, () => user(60)),
      ).etaSeconds,
    ).to.equal(60);
    expect(estimate(2, [user(60, [20])]).etaSeconds).to.equal(100);
  });

  it('expects an overdue task to take still longer', () => {
    expect(estimate(1, [user(10, [40])]).etaSeconds).to.equal(10);
    expect(estimate(1, [user(10, [400])]).etaSeconds).to.equal(100);
  });

  it('is a finite number of seconds for tasks that take none', () => {
    const { tasksPerSecond, etaSeconds } = estimate(1_000_000, [user(0), user(0, [0])]);
    expect(tasksPerSecond).to.satisfy(Number.isFinite);
    expect(etaSeconds).to.be.within(0, 2);
  });
});
