import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseFrames } from './frame-expression.ts';
import { frameAt, framesBetween, framesOf, ordinalOf, subsetToText } from './frames.ts';

const frames = parseFrames('1-10x3,20,30-999980');

describe('framesBetween', () => {
  it('equals the expression of the same range', () => {
    expect(framesBetween(0, 24)).to.deep.equal(parseFrames('0-24'));
    expect(framesBetween(7, 7)).to.deep.equal(parseFrames('7'));
  });

  it('refuses more than a million frames', () => {
    expect(() => framesBetween(0, 1_000_000))
      .to.throw()
      .with.property('reason', 'FRAMES_TOO_MANY');
  });
});

describe('frameAt and ordinalOf', () => {
  it('are each other’s inverse', () => {
    for (const ordinal of [0, 3, 4, 5, 500_000, frames.count - 1]) {
      expect(ordinalOf(frames, frameAt(frames, ordinal))).to.equal(ordinal);
    }
  });

  it('know nothing outside the set', () => {
    for (const frame of [0, 2, 19, 21, 999_981, -1, 1.5, NaN]) {
      expect(ordinalOf(frames, frame), String(frame)).to.equal(undefined);
    }
    for (const ordinal of [-1, frames.count, NaN]) {
      expect(() => frameAt(frames, ordinal), String(ordinal)).to.throw(RangeError);
    }
  });
});

describe('framesOf', () => {
  it('gives frames one at a time, so that the first of a million cost nothing', () => {
    expect(framesOf(framesBetween(0, 999_999)).take(3).toArray()).to.deep.equal([0, 1, 2]);
  });
});

describe('subsetToText', () => {
  const stepped = parseFrames('1-40,41-99x2');

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
    expect(() => subsetToText(framesBetween(1, 3), [{ first: 2, last: 3 }])).to.throw(RangeError);
  });
});
