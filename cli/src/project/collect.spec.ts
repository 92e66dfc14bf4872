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
          /^tex\/st\\nel\.png cannot travel .*; rename or move it, and set its path in Blender anew$/,
        )
        .with.property('reason', 'PATH_UNFIT');
    }
  });

  it('names a file that is there but that Blender cannot read, and why', async () => {
    await cp(at('project'), at('broken'), { recursive: true });
    const main = at('broken/scenes/main.blend');
    const flawIn = async (name: string, content: string | Buffer): Promise<unknown> => {
      const whole = await readFile(at(name));
      await writeFile(at(name), content);
      const { files, missing } = await collect({ main, folder: at('broken'), scene: undefined });
      expect(files.map(({ source }) => source)).to.not.include(at(name));
      await writeFile(at(name), whole);
      return missing.map(({ path, flaw }) => `${path} ${flaw}`);
    };
    const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
    const pointer = 'is a pointer of Git LFS: git lfs pull';
    const steel = await readFile(at('broken/tex/steel.png'));
    for (const [content, flaw] of [
      [lfs, pointer],
      ['', 'is empty'],
      [steel.subarray(0, -12), 'was cut off'],
      ['<html>Not found</html>', 'is no picture'],
      [Buffer.alloc(600), 'is no picture'],
    ] as const) {
      const told = await flawIn('broken/tex/steel.png', content);
      expect(told).to.deep.equal([`//../../tex/steel.png ${flaw}`]);
    }
    const library = await readFile(at('broken/lib/things.blend'));
    expect(
      await flawIn('broken/lib/things.blend', library.subarray(0, library.length / 2)),
    ).to.deep.equal(['//../lib/things.blend was cut off']);
    for (const [name, path] of [
      ['tex/seq_0002.png', '//../tex/seq_0002.png'],
      ['tex/tile.1002.png', '//../tex/tile.1002.png'],
      ['lib/things.blend', '//../lib/things.blend'],
    ]) {
      expect(await flawIn(`broken/${name}`, lfs)).to.deep.equal([`${path} ${pointer}`]);
    }
  });

  it('names what is missing of a sequence or of tiles, if the frames read it', async () => {
    await cp(at('project'), at('gaps'), { recursive: true });
    const missingAt = async (frames: string): Promise<string[]> => {
      const main = at('gaps/scenes/main.blend');
      const { missing } = await collect({ main, folder: at('gaps'), scene: undefined, frames });
      return missing.map(({ path }) => path);
    };
    await rm(at('gaps/tex/seq_0003.png'));
    await writeFile(at('gaps/tex/seq_0004.png'), '');
    expect(await missingAt('1-2')).to.deep.equal([]);
    expect(await missingAt('1-3')).to.deep.equal(['//../tex/seq_0003.png']);
    expect(await missingAt('4')).to.deep.equal(['//../tex/seq_0004.png']);
    await rm(at('gaps/tex/tile.1002.png'));
    expect(await missingAt('1')).to.deep.equal(['//../tex/tile.1002.png']);
  });

  it('names what is linked from a library that has it no more', async () => {
    await cp(at('project'), at('lost'), { recursive: true });
    const library = at('lost/lib/things.blend');
    const bytes = (await readFile(library)).toString('latin1');
    await writeFile(library, bytes.replaceAll('GRThings\0', 'GROthers\0'), 'latin1');
    const main = at('lost/scenes/main.blend');
    const { missing } = await collect({ main, folder: at('lost'), scene: undefined });
    const path = '//../lib/things.blend/Things';
    const flaw = 'its library lost it';
    expect(missing).to.deep.equal([{ kind: 'linked data-block', path, blend: main, flaw }]);
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
    expect(() => checkMissing(missing, false)).to.throw(
      /^1 file .* is missing: .*; put it where .* pack it \(.* or render without it: /,
    );
  });

  it('follows only the scene that is asked for', async () => {
    const { files } = await collected('scenes.blend', 'Shot2');
    expect(files.map(({ source }) => source)).to.deep.equal([at('scenes.blend')]);
  });
});
