import { expect } from 'chai';
import { describe, it } from 'mocha';
import { gridOf } from './decompose.ts';

describe('gridOf', () => {
  it('divides into parts that are as equal as they can be', () => {
    expect([1, 2, 4, 6, 7, 12].map((ranks) => gridOf(ranks).join('x'))).to.deep.equal([
      '1x1x1',
      '2x1x1',
      '2x2x1',
      '3x2x1',
      '7x1x1',
      '4x3x1',
    ]);
  });
});
