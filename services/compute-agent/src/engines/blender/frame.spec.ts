import { expect } from 'chai';
import { describe, it } from 'mocha';
import { whyWhole } from './frame.ts';

describe('whyWhole', () => {
  const slow = (engine: 'CYCLES' | 'BLENDER_EEVEE', seconds = 61) =>
    whyWhole({ engine, whole: 'because' }, { tilesIfSlow: true }, seconds);

  it('says why a slow frame is not split, where the mesh might have done it', () => {
    expect(slow('CYCLES')).to.equal('because');
    expect(slow('CYCLES', 59)).to.equal(undefined);
    expect(whyWhole({ engine: 'CYCLES', whole: 'because' }, {}, 61)).to.equal(undefined);
  });

  it('says nothing of other engines, of which nobody expects strips', () => {
    expect(slow('BLENDER_EEVEE')).to.equal(undefined);
  });
});
