import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import { inOrder } from './placing.ts';
import { isTagged, tagged, tagOf } from './tags.ts';

describe('inOrder', () => {
  it('tries who has it, then who has most, this one first among equals', () => {
    const candidates = [
      { host: 'a', free: 2 },
      { host: 'b', free: 5 },
      { host: 'own', free: 5 },
      { host: 'c', free: undefined },
    ];
    expect(inOrder(candidates, 'own', undefined)).to.deep.equal(['own', 'b', 'a', 'c']);
    expect(inOrder(candidates, 'own', 'c')).to.deep.equal(['c', 'own', 'b', 'a']);
    expect(inOrder(candidates, 'own', 'gone')).to.deep.equal(['own', 'b', 'a', 'c']);
  });
});

describe('ids of a host', () => {
  it('tell which host they are of, and are different all the same', () => {
    const random = tagged(seededRandom(1), 'studio-1');
    const ids = Array.from({ length: 1_000 }, () => random.id('vnc'));
    for (const id of ids) {
      expect(id).to.match(/^vnc-[a-z0-9]{16}$/);
    }
    expect(new Set(ids).size).to.equal(1_000);
    expect(ids.every((id) => isTagged(id, tagOf('studio-1')))).to.equal(true);
    expect(isTagged(ids[0] ?? '', tagOf('studio-2'))).to.equal(false);
    expect(tagOf('studio-1')).to.match(/^[a-z0-9]{4}$/);
  });
});
