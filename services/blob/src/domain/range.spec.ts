import { expect } from 'chai';
import { describe, it } from 'mocha';
import { checkRange, rangeOf, totalBytes } from './range.ts';

describe('rangeOf', () => {
  it('extends to the end without a length', () => {
    expect(rangeOf(5, 0)).to.deep.equal({ offset: 5, count: undefined });
    expect(rangeOf(5, 7)).to.deep.equal({ offset: 5, count: 7 });
  });
});

describe('totalBytes', () => {
  it('reads the whole length from a ranged answer, otherwise the length of the answer', () => {
    expect(totalBytes('bytes 5-9/100', 5)).to.equal(100);
    expect(totalBytes(undefined, 100)).to.equal(100);
    expect(totalBytes('bytes 5-9/*', 5)).to.equal(5);
  });
});

describe('checkRange', () => {
  it('refuses to begin at or after the end', () => {
    expect(() => checkRange(99, 100)).not.to.throw();
    expect(() => checkRange(100, 100)).to.throw('100 bytes');
    expect(() => checkRange(1, 0)).to.throw();
  });

  it('allows reading an empty blob from its beginning', () => {
    expect(() => checkRange(0, 0)).not.to.throw();
  });
});
