import { mkdir, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { pack } from './archive.ts';
import { bakedFrom, blendName, copyOf } from './workspace.ts';

describe('the folder from which Blender opens a scene that it may write beside', () => {
  let dir: TempDir;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const whom = { sandbox: { kind: 'none' }, at: (path: string) => path } as const;
  const write = async (...names: string[]): Promise<void> => {
    await mkdir(at(...names, '..'), { recursive: true });
    await writeFile(at(...names), names.at(-1) ?? '', { mode: 0o444 });
  };
  const scene = () => ({
    sceneFile: at('project', 'scenes', 'main.blend'),
    project: { folder: at('project'), places: [] },
  });

  before(async () => {
    dir = await tempDir();
    await write('project', 'scenes', 'main.blend');
    await write('project', 'scenes', 'props.blend');
    await write('project', 'scenes', 'blendcache_main', 'old_000001_00.bphys');
    await write('project', 'tex', 'bark.png');
  });
  after(() => dir[Symbol.asyncDispose]());

  it('leads relative paths of a project where they led, and takes new caches beside old ones', async () => {
    const file = await copyOf(scene())(at('copy'), whom);
    expect(file).to.equal(at('copy', 'scenes', 'main.blend'));
    expect((await stat(file)).mode & 0o222).to.equal(0o222);
    expect(await readlink(at('copy', 'tex'))).to.equal(at('project', 'tex'));
    expect(await readlink(at('copy', 'scenes', 'props.blend'))).to.equal(
      at('project', 'scenes', 'props.blend'),
    );
    const caches = at('copy', 'scenes', 'blendcache_main');
    expect(await readdir(caches)).to.deep.equal(['old_000001_00.bphys']);
    await writeFile(join(caches, 'new_000001_00.bphys'), 'new');

    // Only what is new travels, and lies beside the same project on another machine.
    await pack(at('copy', 'scenes'), at('baked.tar'));
    const baked = await bakedFrom(at('baked.tar'), scene())(at('baked'), whom);
    expect(await readlink(at('baked', 'tex'))).to.equal(at('project', 'tex'));
    expect((await readdir(join(baked, '..', 'blendcache_main'))).sort()).to.deep.equal([
      'new_000001_00.bphys',
      'old_000001_00.bphys',
    ]);
    expect(await readdir(at('project', 'scenes', 'blendcache_main'))).to.have.length(1);
  });
});

describe('blendName', () => {
  it('keeps a name that a file can have, and gives another one in place of every other', () => {
    expect(blendName('Größe 2.blend')).to.equal('Größe 2.blend');
    expect(blendName('/srv/a/b.blend')).to.equal('b.blend');
    expect(blendName('shot')).to.equal('shot.blend');
    for (const name of ['', '..', '.blend', '../..', `${'x'.repeat(300)}.blend`]) {
      expect(blendName(name), name).to.equal('scene.blend');
    }
  });
});
