import { expect } from 'chai';
import { describe, it } from 'mocha';
import { sequencePattern, spotOf, tailsOf, tilesPattern } from './stored-path.ts';

describe('spotOf', () => {
  const blend = { place: '/p/scenes/a.blend', source: '/here/scenes/a.blend', isFixed: false };

  it('finds relative paths beside the .blend, wherever that is', () => {
    for (const stored of ['//../tex/a.png', '//..\\tex\\a.png']) {
      const spot = { place: '/p/tex/a.png', source: '/here/tex/a.png', isFixed: false };
      expect(spotOf(stored, blend), stored).to.deep.equal(spot);
    }
  });

  it('finds absolute paths where Blender on Linux looks for them', () => {
    for (const [stored, place] of [
      ['/srv/tex/a.png', '/srv/tex/a.png'],
      ['/srv/x/../tex/a.png', '/srv/tex/a.png'],
      ['C:\\tex\\a.png', '/c/tex/a.png'],
      ['d:/tex/a.png', '/d/tex/a.png'],
      ['\\\\server\\share\\a.png', '/server/share/a.png'],
    ] as const) {
      const spot = { place, source: place, isFixed: true };
      expect(spotOf(stored, blend), stored).to.deep.equal(spot);
    }
  });

  it('finds nothing for a path that depends on the working folder', () => {
    expect(spotOf('tex/a.png', blend)).to.equal(undefined);
  });
});

describe('tailsOf', () => {
  it('shortens a path from its front', () => {
    expect(tailsOf('/x/tex/a.png')).to.deep.equal(['x/tex/a.png', 'tex/a.png', 'a.png']);
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
