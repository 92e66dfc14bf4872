import { expect } from 'chai';
import { describe, it } from 'mocha';
import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { collect } from './collect.ts';

describe('collect', () => {
  const at = usesScenes();
  const collected = (main: string, scene?: string) =>
    collect({ main: at(main), folder: at('project'), scene });

  it('follows libraries of libraries, and takes from each only what the scene uses', async () => {
    const { files, missing } = await collected('project/scenes/main.blend');
    expect(files.map(({ source }) => relative(at('project'), source))).to.have.members([
      'scenes/main.blend',
      'lib/things.blend',
      'lib/deep/steel.blend',
      'tex/steel.png',
      'tex/sky.png',
      ...[1, 2, 3, 4].map((number) => `tex/seq_000${number}.png`),
      'tex/tile.1001.png',
      'tex/tile.1002.png',
    ]);
    expect(missing).to.deep.equal([]);
  });

  it('takes the frames of a simulation from the folder beside the file', async () => {
    const { files } = await collected('on-disk.blend');
    expect(files.filter(({ source }) => source.endsWith('.bphys'))).to.have.lengthOf.greaterThan(1);
  });

  it('says which .blend names a file that is not there', async () => {
    await rm(at('project/tex/steel.png'));
    const { missing } = await collected('project/scenes/main.blend');
    expect(missing).to.deep.equal([
      {
        kind: 'image',
        path: '//../../tex/steel.png',
        blend: at('project/lib/deep/steel.blend'),
      },
    ]);
  });

  it('follows only the scene that is asked for', async () => {
    const { files } = await collected('scenes.blend', 'Shot2');
    expect(files.map(({ source }) => source)).to.deep.equal([at('scenes.blend')]);
  });
});
