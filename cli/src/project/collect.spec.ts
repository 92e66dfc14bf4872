import { execFile } from 'node:child_process';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { collect } from './collect.ts';
import { openInput } from './input.ts';
import { checkMissing } from './permitted.ts';
import { placeFiles } from './place-files.ts';

const run = promisify(execFile);

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

  it('names what a .blend reads under a name that is not UTF-8, also where it is there', async () => {
    await cp(at('project'), at('raw'), { recursive: true });
    const library = at('raw/lib/deep/steel.blend');
    const bytes = await readFile(library);
    const patched = bytes.toString('latin1').replaceAll('tex/steel.png', 'tex/st\xe9el.png');
    await writeFile(library, patched, 'latin1');
    await rename(at('raw/tex/steel.png'), Buffer.from(at('raw/tex/st\xe9el.png'), 'latin1'));
    const main = at('raw/scenes/main.blend');
    const { missing } = await collect({ main, folder: at('raw'), scene: undefined });
    const path = '//../../tex/st\uDCE9el.png';
    expect(missing).to.deep.equal([{ kind: 'image', path, blend: library }]);
    expect(() => checkMissing(missing, false))
      .to.throw()
      .with.property('message')
      .that.includes('image //../../tex/st\\xe9el.png; a name with \\x… is not UTF-8');
  });

  it('finds a file with a line end in its name, and says that it has to be renamed', async () => {
    await cp(at('project'), at('lines'), { recursive: true });
    const library = at('lines/lib/deep/steel.blend');
    const bytes = await readFile(library);
    const patched = bytes.toString('latin1').replaceAll('tex/steel.png', 'tex/st\nel.png');
    await writeFile(library, patched, 'latin1');
    await rename(at('lines/tex/steel.png'), at('lines/tex/st\nel.png'));
    await run('python3', ['-m', 'zipfile', '-c', at('lines.zip'), '.'], { cwd: at('lines') });
    for (const path of [at('lines'), at('lines.zip')]) {
      await using input = await openInput(path, 'main');
      const { files, missing } = await collect({ ...input, scene: undefined });
      expect(missing, path).to.deep.equal([]);
      expect(() => placeFiles(files), path)
        .to.throw(
          /^tex\/st\\nel\.png cannot travel .*; rename it, and set its path in Blender anew$/,
        )
        .with.property('reason', 'PATH_UNFIT');
    }
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
