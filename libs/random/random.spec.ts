import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom, systemRandom } from './index.ts';

const take = (seed: number) => {
  const random = seededRandom(seed);
  return [random.id('a'), random.float(), ...random.bytes(4)];
};

for (const [name, random] of Object.entries({ systemRandom, seededRandom: seededRandom(7) })) {
  describe(name, () => {
    it('makes ids of the prefix and 16 characters that fit into subjects and paths', () => {
      const ids = Array.from({ length: 1_000 }, () => random.id('w'));
      for (const id of ids) {
        expect(id).to.match(/^w-[a-z0-9]{16}$/);
      }
      expect(new Set(ids)).to.have.lengthOf(1_000);
    });

    it('uses all 36 characters about equally often', () => {
      const counts = new Map<string, number>();
      for (let i = 0; i < 2_000; i++) {
        for (const char of random.id('').slice(1)) {
          counts.set(char, (counts.get(char) ?? 0) + 1);
        }
      }
      const expected = (2_000 * 16) / 36;
      expect(counts.size).to.equal(36);
      expect(Math.min(...counts.values())).to.be.above(expected * 0.7);
      expect(Math.max(...counts.values())).to.be.below(expected * 1.3);
    });

    it('spreads floats over [0, 1) and gives as many bytes as asked for', () => {
      const floats = Array.from({ length: 4_000 }, () => random.float());
      const mean = floats.reduce((sum, value) => sum + value) / floats.length;
      expect(mean).to.be.within(0.45, 0.55);
      expect(Math.min(...floats)).to.be.at.least(0);
      expect(Math.max(...floats)).to.be.below(1);
      expect(random.bytes(33)).to.have.lengthOf(33);
    });
  });
}

describe('seededRandom', () => {
  it('repeats itself for the same seed and differs for another', () => {
    expect(take(1)).to.deep.equal(take(1));
    expect(take(1)).not.to.deep.equal(take(2));
  });
});
