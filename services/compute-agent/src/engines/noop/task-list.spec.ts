import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseNumberList } from './task-list.ts';

describe('parseNumberList', () => {
  const members = (text: string): number[] | undefined => {
    const contains = parseNumberList(text);
    return contains && Array.from({ length: 50 }, (_, i) => i).filter(contains);
  };

  it('reads numbers, ranges and steps', () => {
    expect(members('')).to.deep.equal([]);
    expect(members('3')).to.deep.equal([3]);
    expect(members('0-2,7')).to.deep.equal([0, 1, 2, 7]);
    expect(members('20-30x5, 40')).to.deep.equal([20, 25, 30, 40]);
    expect(members('9-1x4')).to.deep.equal([1, 5, 9]);
  });

  it('refuses everything else', () => {
    for (const text of ['x', '1-', '-1', '1-2x', '1-2x0', '1,,2', '1-99999999']) {
      expect(parseNumberList(text), text).to.equal(undefined);
    }
  });
});
