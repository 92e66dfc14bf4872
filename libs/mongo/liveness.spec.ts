import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isDead, observe, type Observed } from './index.ts';

/** What is known after reads at these moments, in milliseconds, each of which saw this beat. */
const after = (...reads: [atMs: number, beat: number][]): Observed => {
  let known: Observed | undefined;
  for (const [atMs, beat] of reads) {
    known = observe(known, beat, atMs);
  }
  if (known === undefined) {
    throw new Error('no read');
  }
  return known;
};

describe('isDead', () => {
  it('needs three reads of the same beat over three seconds', () => {
    const known = after([0, 7], [1_500, 7], [3_000, 7]);
    expect(isDead(known, 3_000)).to.equal(true);
  });

  it('spares a peer that was first seen less than three seconds ago', () => {
    expect(isDead(after([0, 7], [900, 7], [1_800, 7], [2_999, 7]), 2_999)).to.equal(false);
  });

  it('spares a peer that was read only twice, however long ago', () => {
    expect(isDead(after([0, 7], [2_400, 7]), 60_000)).to.equal(false);
  });

  it('starts again with each new beat, even a lower one', () => {
    expect(isDead(after([0, 7], [1_500, 7], [3_000, 8], [4_000, 8]), 4_000)).to.equal(false);
    expect(isDead(after([0, 7], [1_500, 7], [3_000, 1], [4_000, 1]), 4_000)).to.equal(false);
  });

  it('does not count the time in which the observer could not read', () => {
    const afterOutage = after([0, 7], [1_000, 7], [20_000, 7], [21_000, 7], [22_000, 7]);
    expect(isDead(afterOutage, 22_000)).to.equal(false);
    expect(isDead(observe(afterOutage, 7, 23_000), 23_000)).to.equal(true);
  });
});
