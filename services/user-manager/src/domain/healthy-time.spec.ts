import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createHealthyTime } from './healthy-time.ts';

describe('createHealthyTime', () => {
  it('passes only between two healthy looks', () => {
    const time = createHealthyTime();
    expect(time.now(100, true)).to.equal(0);
    expect(time.now(600, true)).to.equal(500);
    expect(time.now(1_100, false)).to.equal(500);
    expect(time.now(1_600, true)).to.equal(500);
    expect(time.now(2_000, true)).to.equal(900);
  });

  it('counts a long silence of its own process for a second', () => {
    const time = createHealthyTime();
    time.now(0, true);
    expect(time.now(60_000, true)).to.equal(1_000);
  });
});
