import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { makeScenes } from '#libs/blend/fixtures/scenes.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { collect } from './collect.ts';

describe('collect', () => {
  let folder: TempDir;
  const within = (...names: string[]): string => join(folder.path, ...names);

  before(needs('blender'));
  before(async function scenes() {
    this.timeout(60_000);
    folder = await tempDir();
    await makeScenes(folder.path);
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  it('follows libraries of libraries, and takes from each only what the scene uses', async () => {
    const { files, missing } = await collect(within('project/scenes/main.blend'), undefined);
    expect(files.map((file) => relative(within('project'), file))).to.have.members([
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
    const { files } = await collect(within('on-disk.blend'), undefined);
    expect(files.filter((file) => file.endsWith('.bphys'))).to.have.lengthOf.greaterThan(1);
  });

  it('says which .blend names a file that is not there', async () => {
    await rm(within('project/tex/steel.png'));
    const { missing } = await collect(within('project/scenes/main.blend'), undefined);
    expect(missing).to.deep.equal([
      {
        kind: 'image',
        path: '//../../tex/steel.png',
        blend: within('project/lib/deep/steel.blend'),
      },
    ]);
  });

  it('follows only the scene that is asked for', async () => {
    const { files } = await collect(within('scenes.blend'), 'Shot2');
    expect(files).to.deep.equal([within('scenes.blend')]);
  });
});
