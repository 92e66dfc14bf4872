import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createPace, PATIENCE_MS, wholeMs } from './pace.ts';

const rules = { minBytesPerSecond: 1_000, withinMs: 86_400_000 };

describe('createPace', () => {
  it('bears the least rate for ever, even in large chunks, and less only for a while', () => {
    const lasts = (bytes: number, everyMs: number): number => {
      const pace = createPace(rules);
      let times = 0;
      while (pace.leftMs() > everyMs && times < 10_000) {
        pace.waited(everyMs);
        pace.moved(bytes);
        times += 1;
      }
      return times;
    };
    expect(lasts(1_000, 1_000)).to.equal(10_000);
    expect(lasts(50_000, 50_000)).to.equal(10_000);
    expect(lasts(1, 30_000)).to.be.at.most(2);
    expect(lasts(500, 1_000)).to.be.within(100, 130);
  });

  it('does not let a fast beginning pay for hours of silence', () => {
    const pace = createPace(rules);
    pace.moved(2 ** 40);
    expect(pace.leftMs()).to.equal(PATIENCE_MS);
  });
});

describe('wholeMs', () => {
  it('grows with the announced size up to the bound, which also counts without one', () => {
    expect(wholeMs(rules, 0)).to.equal(600_000);
    expect(wholeMs(rules, 1_000_000)).to.equal(600_000 + 2_000_000);
    expect(wholeMs(rules, 2 ** 40)).to.equal(rules.withinMs);
    expect(wholeMs(rules, undefined)).to.equal(rules.withinMs);
  });
});
