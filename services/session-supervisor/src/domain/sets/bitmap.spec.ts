import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import {
  type Bitmap,
  bitmapFromJson,
  bitmapToJson,
  emptyBitmap,
  has,
  nextClear,
  nextSet,
  rangesOf,
  withBit,
  withoutBit,
} from './bitmap.ts';

const bitmapOf = (size: number, ordinals: Iterable<number>): Bitmap =>
  [...ordinals].reduce((bitmap, ordinal) => withBit(bitmap, ordinal), emptyBitmap(size));

describe('a bitmap', () => {
  it('behaves like a set of numbers, and older versions of it do not change', () => {
    const random = seededRandom(1);
    const below = (bound: number): number => Math.floor(random.float() * bound);
    for (const size of [1, 31, 32, 33, 1_024, 1_025, 40_000]) {
      const model = new Set<number>();
      let bitmap = emptyBitmap(size);
      for (let round = 0; round < 600; round += 1) {
        const ordinal = below(Math.min(size, below(2) === 0 ? 70 : size));
        const [before, hadIt, countBefore] = [bitmap, model.has(ordinal), model.size];
        if (below(3) === 0) {
          bitmap = withoutBit(bitmap, ordinal);
          model.delete(ordinal);
        } else {
          bitmap = withBit(bitmap, ordinal);
          model.add(ordinal);
        }
        expect(has(before, ordinal)).to.equal(hadIt);
        expect(before.count).to.equal(countBefore);
        expect(has(bitmap, ordinal)).to.equal(model.has(ordinal));
        expect(bitmap.count).to.equal(model.size);
      }
      const members = [...model].sort((a, b) => a - b);
      const from = below(size);
      expect(nextSet(bitmap, from)).to.equal(members.find((ordinal) => ordinal >= from));
      let clear = from;
      while (model.has(clear)) {
        clear += 1;
      }
      expect(nextClear(bitmap, from)).to.equal(clear < size ? clear : undefined);
      const listed = rangesOf(bitmap).flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(listed).to.deep.equal(members);
      expect(bitmap, 'whatever became of it before').to.deep.equal(bitmapOf(size, members));
      expect(bitmapFromJson(bitmapToJson(bitmap))).to.deep.equal(bitmap);
      expect(members.reduce((left, ordinal) => withoutBit(left, ordinal), bitmap)).to.deep.equal(
        emptyBitmap(size),
      );
    }
  });

  it('is the same object if nothing changes', () => {
    const bitmap = bitmapOf(10, [3]);
    expect(withBit(bitmap, 3)).to.equal(bitmap);
    expect(withoutBit(bitmap, 4)).to.equal(bitmap);
  });

  it('refuses ordinals outside its size, and contains none of them', () => {
    for (const ordinal of [-1, 10, 1.5, NaN, 2 ** 32]) {
      expect(() => withBit(emptyBitmap(10), ordinal), String(ordinal)).to.throw(RangeError);
      expect(() => withoutBit(emptyBitmap(10), ordinal), String(ordinal)).to.throw(RangeError);
      expect(has(bitmapOf(10, [0, 1, 9]), ordinal), String(ordinal)).to.equal(false);
    }
    expect(nextSet(bitmapOf(10, [9]), 10)).to.equal(undefined);
    expect(nextClear(bitmapOf(10, [9]), 9)).to.equal(undefined);
    expect(nextClear(bitmapOf(10, [9]), 10)).to.equal(undefined);
  });

  it('gives its runs in pages', () => {
    const bitmap = bitmapOf(100, [1, 2, 3, 10, 31, 32, 33, 99]);
    expect(rangesOf(bitmap, 3, 2)).to.deep.equal([
      { first: 3, last: 3 },
      { first: 10, last: 10 },
    ]);
    expect(rangesOf(bitmap, 11)).to.deep.equal([
      { first: 31, last: 33 },
      { first: 99, last: 99 },
    ]);
  });
});

describe('a bitmap of a million', () => {
  it('is filled at many times 100,000 ordinals a second, and stored in little space', () => {
    let bitmap = emptyBitmap(1_000_000);
    const start = process.cpuUsage();
    for (let ordinal = 0; ordinal < 300_000; ordinal += 1) {
      bitmap = withBit(bitmap, (ordinal * 7) % 1_000_000);
    }
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000, 'milliseconds of CPU').to.be.below(1_500);
    expect(bitmapToJson(bitmap).bits.length).to.be.below(170_000);
    expect(bitmapToJson(emptyBitmap(1_000_000)).bits.length).to.be.below(2_000);
    expect(bitmapFromJson(bitmapToJson(bitmap))).to.deep.equal(bitmap);
  });
});

describe('bitmapFromJson', () => {
  it('refuses values that bitmapToJson did not write', () => {
    const { bits } = bitmapToJson(bitmapOf(100, [99]));
    const broken: [stored: { size: number; bits: string }, expectedSize: number][] = [
      [{ size: 100, bits }, 99],
      [{ size: 99, bits }, 99],
      [{ size: 200, bits }, 200],
      [{ size: 10, bits }, 10],
      [{ size: 100, bits: 'no such thing' }, 100],
      [{ size: 100, bits: '' }, 100],
    ];
    for (const [stored, expectedSize] of broken) {
      expect(() => bitmapFromJson(stored, expectedSize), JSON.stringify(stored))
        .to.throw()
        .with.property('reason', 'SNAPSHOT_UNREADABLE');
    }
  });
});
