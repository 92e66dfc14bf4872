import { expect } from 'chai';
import { describe, it } from 'mocha';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { isDomainError } from '#libs/errors/index.ts';
import { openSource, readBlendFile, type BlendFile, idsOf, scenesOf, trace } from './index.ts';
import { needs } from '#libs/testing/index.ts';
import { makeZones, usesScenes } from './fixtures/scenes.ts';

const read = async (path: string): Promise<BlendFile> => {
  await using source = await openSource(path);
  return await readBlendFile(source);
};

const traceScenes = (file: BlendFile): ReturnType<typeof trace> =>
  trace(
    file,
    [...idsOf(file)].filter(([name]) => name.startsWith('SC')).map(([, scene]) => scene),
  );

describe('a whole .blend, as Blender saved it', () => {
  const at = usesScenes();

  it('tells each scene’s frames, step, engine and camera, also in a compressed file', async () => {
    const { scenes, current } = scenesOf(await read(at('scenes.blend')));
    expect(current).to.equal('Scene');
    expect(
      scenes.map(({ name, firstFrame, lastFrame, frameStep, engine, camera }) => [
        name,
        firstFrame,
        lastFrame,
        frameStep,
        engine,
        camera,
      ]),
    ).to.deep.equal([
      ['Scene', 1, 20, 5, 'CYCLES', 'Camera'],
      ['Shot2', 5, 6, 1, 'BLENDER_WORKBENCH', undefined],
    ]);
  });

  it('names no file that its pictures cannot show', async () => {
    for (const name of await readdir(at('unseen'))) {
      if (name.endsWith('.blend')) {
        const { uses } = traceScenes(await read(at('unseen', name)));
        expect(uses, name).to.deep.equal([]);
      }
    }
  });

  it('names the file that its pictures show', async () => {
    for (const name of await readdir(at('seen'))) {
      if (name.endsWith('.blend')) {
        const { uses } = traceScenes(await read(at('seen', name)));
        expect(
          uses.map(({ path }) => path),
          name,
        ).to.deep.equal(['//gone.png']);
      }
    }
  });

  it('names what it uses of a library, and how each path names files', async () => {
    const { uses, linked } = traceScenes(await read(at('project/scenes/main.blend')));
    expect(uses.map(({ kind, path, form }) => `${kind} ${form} ${path}`)).to.have.members([
      'image sequence //../tex/seq_0001.png',
      'image tiles //../tex/tile.<UDIM>.png',
      'image file //../tex/sky.png',
      'library file //../lib/things.blend',
    ]);
    expect([...linked].map(([path, names]) => [path, ...names])).to.deep.equal([
      ['//../lib/things.blend', 'GRThings'],
    ]);
  });

  it('tells a simulation that is baked, in the file or beside it, from one that is not', async () => {
    const unbaked = traceScenes(await read(at('unbaked.blend')));
    expect(unbaked.unbaked).to.deep.equal([{ kind: 'cloth', name: 'Cloth' }]);
    const baked = traceScenes(await read(at('baked.blend')));
    expect([baked.unbaked, baked.uses]).to.deep.equal([[], []]);
    const onDisk = traceScenes(await read(at('on-disk.blend')));
    expect(onDisk.unbaked).to.deep.equal([]);
    expect(onDisk.uses.map(({ form }) => form)).to.deep.equal(['blendcache']);
  });

  it('knows simulation zones that are not baked, also those inside groups', async function zones5() {
    await needs('blender-5.0').call(this);
    this.timeout(60_000);
    await makeZones(at('zones'));
    const zones = async (name: string) => {
      const { unbaked, uses } = traceScenes(await read(at('zones', name)));
      return [unbaked, uses.map(({ path }) => path)];
    };
    expect(await zones('drifting.blend')).to.deep.equal([
      [{ kind: 'simulation', name: 'Drift' }],
      [],
    ]);
    expect(await zones('drifting-unseen.blend')).to.deep.equal([[], []]);
    expect(await zones('drifting-baked.blend')).to.deep.equal([[], []]);
    expect(await zones('drifting-on-disk.blend')).to.deep.equal([
      [],
      ['//blendcache_drifting-baked/Cube_Drift'],
    ]);
  });

  it('is refused with a typed error if it is cut off or damaged anywhere', async () => {
    const whole = await readFile(at('seen/plain.blend'));
    const damaged = at('damaged.blend');
    let refused = 0;
    for (let i = 1; i <= 40; i++) {
      const bytes =
        i % 2 === 0 ? whole.subarray(0, Math.floor((whole.length * i) / 41)) : Buffer.from(whole);
      bytes.fill(i * 6, Math.floor(bytes.length / i) - 8, Math.floor(bytes.length / i));
      await writeFile(damaged, bytes);
      try {
        traceScenes(await read(damaged));
      } catch (error) {
        expect(isDomainError(error) || error instanceof RangeError, String(error)).to.equal(true);
        refused += 1;
      }
    }
    expect(refused).to.be.greaterThan(19);
  });
});
