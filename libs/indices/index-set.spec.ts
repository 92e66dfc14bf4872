import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseIndices } from './index-expression.ts';
import { indexAt, indicesBetween, indicesOf, ordinalOf, subsetToText } from './index-set.ts';

const frames = parseIndices('1-10x3,20,30-999980');

describe('indicesBetween', () => {
  it('equals the expression of the same range', () => {
    expect(indicesBetween(0, 24)).to.deep.equal(parseIndices('0-24'));
    expect(indicesBetween(7, 7)).to.deep.equal(parseIndices('7'));
  });

  it('refuses more than a million frames', () => {
    expect(() => indicesBetween(0, 1_000_000))
      .to.throw()
      .with.property('reason', 'FRAMES_TOO_MANY');
  });
});

describe('indexAt and ordinalOf', () => {
  it('are inverse to each other', () => {
    for (const ordinal of [0, 3, 4, 5, 500_000, frames.count - 1]) {
      expect(ordinalOf(frames, indexAt(frames, ordinal))).to.equal(ordinal);
    }
  });

  it('return nothing outside the set', () => {
    for (const frame of [0, 2, 19, 21, 999_981, -1, 1.5, NaN]) {
      expect(ordinalOf(frames, frame), String(frame)).to.equal(undefined);
    }
    for (const ordinal of [-1, frames.count, NaN]) {
      expect(() => indexAt(frames, ordinal), String(ordinal)).to.throw(RangeError);
    }
  });
});

describe('indicesOf', () => {
  it('yields frames one at a time, so the first of a million cost nothing', () => {
    expect(indicesOf(indicesBetween(0, 999_999)).take(3).toArray()).to.deep.equal([0, 1, 2]);
  });
});

describe('subsetToText', () => {
  const stepped = parseIndices('1-40,41-99x2');

  it('writes the frames of ordinals as an expression', () => {
    const textOf = (...runs: [number, number][]) =>
      subsetToText(
        stepped,
        runs.map(([first, last]) => ({ first, last })),
      );
    expect(textOf([0, stepped.count - 1])).to.equal('1-41,43-99x2');
    expect(textOf([0, 39], [42, 44])).to.equal('1-40,45-49x2');
    expect(textOf([3, 3], [5, 5])).to.equal('4,6');
    expect(textOf()).to.equal('');
  });

  it('refuses ordinals outside the set', () => {
    expect(() => subsetToText(indicesBetween(1, 3), [{ first: 2, last: 3 }])).to.throw(RangeError);
  });
});
