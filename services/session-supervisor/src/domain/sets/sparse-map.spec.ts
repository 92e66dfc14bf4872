import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import {
  emptySparseMap,
  sparseEntries,
  sparseGet,
  sparseMapFrom,
  sparseSet,
} from './sparse-map.ts';

describe('a sparse map', () => {
  it('behaves as a map does, at every size', () => {
    for (const size of [1, 2, 31, 32, 33, 1_024, 1_025, 40_000, 1_000_000]) {
      const random = seededRandom(size);
      const known = new Map<number, number>();
      let map = emptySparseMap<number>(size);
      for (let i = 0; i < 300; i += 1) {
        const ordinal = Math.floor(random.float() * size);
        known.set(ordinal, i);
        map = sparseSet(map, ordinal, i);
      }
      expect(map.count).to.equal(known.size);
      expect([...sparseEntries(map)]).to.deep.equal([...known].sort(([a], [b]) => a - b));
      for (const [ordinal, value] of known) {
        expect(sparseGet(map, ordinal)).to.equal(value);
      }
      expect(sparseMapFrom(size, known)).to.deep.equal(map);
    }
  });

  it('keeps the original unchanged, and has no value that was not put', () => {
    const one = sparseSet(emptySparseMap<string>(100), 7, 'a');
    const two = sparseSet(one, 7, 'b');
    expect([sparseGet(one, 7), sparseGet(two, 7), sparseGet(two, 8), two.count]).to.deep.equal([
      'a',
      'b',
      undefined,
      1,
    ]);
    expect([...sparseEntries(emptySparseMap(1_000_000))]).to.deep.equal([]);
  });
});
