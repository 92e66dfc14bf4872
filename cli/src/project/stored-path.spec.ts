import { expect } from 'chai';
import { describe, it } from 'mocha';
import { placeOf, sequencePattern, tilesPattern } from './stored-path.ts';

describe('placeOf', () => {
  it('resolves what Blender stores as Blender on Linux does', () => {
    const places: [string, string][] = [
      ['//tex/a.png', '/p/scenes/tex/a.png'],
      ['//../tex/a.png', '/p/tex/a.png'],
      ['//..\\tex\\a.png', '/p/tex/a.png'],
      ['/srv/tex/a.png', '/srv/tex/a.png'],
      ['C:\\tex\\a.png', '/tex/a.png'],
      ['d:/tex/a.png', '/tex/a.png'],
    ];
    for (const [stored, place] of places) {
      expect(placeOf(stored, '/p/scenes'), stored).to.equal(place);
    }
  });
});

describe('sequencePattern', () => {
  it('matches every number of the same sequence and nothing else', () => {
    const pattern = sequencePattern('shot.2_0001.exr');
    for (const [name, matches] of [
      ['shot.2_0002.exr', true],
      ['shot.2_12345.exr', true],
      ['shot.3_0002.exr', false],
      ['shot.2_0002.exr.bak', false],
    ] as const) {
      expect(pattern?.test(name), name).to.equal(matches);
    }
    expect(sequencePattern('still.png')).to.equal(undefined);
  });
});

describe('tilesPattern', () => {
  it('matches the numbers of tiles in both ways of writing', () => {
    expect(tilesPattern('b.<UDIM>.png').test('b.1011.png')).to.equal(true);
    expect(tilesPattern('b.<UDIM>.png').test('b.0011.png')).to.equal(false);
    expect(tilesPattern('b_<UVTILE>.png').test('b_u1_v12.png')).to.equal(true);
  });
});
