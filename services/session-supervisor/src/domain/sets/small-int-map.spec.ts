import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import {
  emptySmallIntMap,
  smallIntMapFromJson,
  smallIntMapToJson,
  valueAt,
  valueRangesOf,
  withValue,
} from './small-int-map.ts';

describe('a map of small integers', () => {
  it('behaves like a map, and older versions of it do not change', () => {
    const random = seededRandom(2);
    const below = (bound: number): number => Math.floor(random.float() * bound);
    for (const size of [1, 32, 33, 1_025, 40_000]) {
      const model = Array.from({ length: size }, () => 0);
      let map = emptySmallIntMap(size);
      for (let round = 0; round < 500; round += 1) {
        const ordinal = below(Math.min(size, 90));
        const [before, valueBefore, value] = [map, model[ordinal], below(3) * 30_000];
        map = withValue(map, ordinal, value);
        model[ordinal] = value;
        expect(valueAt(before, ordinal)).to.equal(valueBefore);
        expect(valueAt(map, ordinal)).to.equal(value);
      }
      const listed = Array.from({ length: size }, () => 0);
      for (const { first, last, value } of valueRangesOf(map)) {
        listed.fill(value, first, last + 1);
      }
      expect(listed).to.deep.equal(model);
      expect(smallIntMapFromJson(smallIntMapToJson(map))).to.deep.equal(map);
    }
  });

  it('gives runs of the same value in pages, without ordinals that have none', () => {
    const map = [1, 1, 2, 0, 2, 2, 1].reduce(
      (filled, value, ordinal) => withValue(filled, ordinal, value),
      emptySmallIntMap(10),
    );
    expect(valueRangesOf(map, 1, 3)).to.deep.equal([
      { first: 1, last: 1, value: 1 },
      { first: 2, last: 2, value: 2 },
      { first: 4, last: 5, value: 2 },
    ]);
  });

  it('refuses ordinals outside its size and values that do not fit', () => {
    for (const [ordinal, value] of [
      [-1, 1],
      [10, 1],
      [0.5, 1],
      [0, -1],
      [0, 65_536],
      [0, 1.5],
    ] as const) {
      expect(() => withValue(emptySmallIntMap(10), ordinal, value)).to.throw(RangeError);
    }
    expect(valueAt(emptySmallIntMap(10), 10)).to.equal(0);
    expect(() => smallIntMapFromJson({ size: 10, values: '' }))
      .to.throw()
      .with.property('reason', 'SNAPSHOT_UNREADABLE');
    expect(() => smallIntMapFromJson(smallIntMapToJson(emptySmallIntMap(10)), 11)).to.throw();
  });

  it('of a million is filled at many times 100,000 a second, and stored in less than 4 MB', () => {
    let map = emptySmallIntMap(1_000_000);
    const start = process.cpuUsage();
    for (let ordinal = 0; ordinal < 300_000; ordinal += 1) {
      map = withValue(map, (ordinal * 7) % 1_000_000, 1 + ((ordinal * 37) % 65_535));
    }
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000, 'milliseconds of CPU').to.be.below(1_500);
    expect(smallIntMapToJson(map).values.length).to.be.below(4_000_000);
  });
});
