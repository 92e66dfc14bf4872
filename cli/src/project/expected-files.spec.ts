import { expect } from 'chai';
import { describe, it } from 'mocha';
import { expectedPaths } from './expected-files.ts';

const image = { kind: 'image', isShown: true } as const;

describe('expectedPaths', () => {
  it('has the numbers that Blender reads at each frame', () => {
    const numbersOf = (first: number, count: number, offset: number, isCyclic: boolean) =>
      [-2, 1, 2, 3, 4, 5, 6, 9].map((frame) => {
        const reads = [{ first, count, offset, isCyclic }];
        const use = { ...image, path: '//a_0001.png', form: 'sequence', reads } as const;
        return [...(expectedPaths(use, [frame]) ?? [])].map((path) => Number(path.slice(4, -4)))[0];
      });
    const none = undefined;
    // What Blender 3.4 and 5.0 tell (Image.filepath_from_user).
    expect(numbersOf(1, 4, 0, false)).to.deep.equal([none, 1, 2, 3, 4, 4, 4, 4]);
    expect(numbersOf(3, 4, 2, false)).to.deep.equal([none, none, none, 3, 4, 5, 6, 6]);
    expect(numbersOf(1, 4, 0, true)).to.deep.equal([2, 1, 2, 3, 4, 1, 2, 1]);
    expect(numbersOf(3, 3, 10, true)).to.deep.equal([12, 12, 13, 11, 12, 13, 11, 11]);
  });

  it('has the tiles of an image in both ways of writing, also in a folder of Windows', () => {
    for (const [path, first, second] of [
      ['//t.<UDIM>.png', '//t.1001.png', '//t.1012.png'],
      ['C:\\t_<UVTILE>.png', 'C:\\t_u1_v1.png', 'C:\\t_u2_v2.png'],
    ] as const) {
      const use = { ...image, path, form: 'tiles', tiles: [1001, 1012] } as const;
      expect([...(expectedPaths(use, []) ?? [])]).to.deep.equal([first, second]);
    }
  });

  it('is unknown where the .blend does not say it', () => {
    expect(expectedPaths({ ...image, path: '//a.png', form: 'file' }, [1])).to.equal(undefined);
  });
});
