import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import { makeBakedProject } from '#libs/blend/fixtures/scenes.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { sharedMesh, type SharedMesh } from '../fixtures/shared-mesh.ts';

const run = promisify(execFile);
const PLAIN = '--background --factory-startup --disable-autoexec -noaudio'.split(' ');
const BAKE_AND_RENDER =
  'import bpy; bpy.ops.ptcache.bake_all(bake=True); bpy.ops.render.render(animation=True)';

describe('rendering a project with simulations in a library, in a folder of their own, and in the shot', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let mesh: SharedMesh;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const pixels = (file: string): Promise<Buffer> => sharp(file).raw().toBuffer();

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    const direct = async (): Promise<void> => {
      await makeBakedProject(at('film'));
      const output = ['--render-output', at('direct_####'), '--render-format', 'PNG'];
      const bake = ['--python-expr', BAKE_AND_RENDER];
      await run('blender', [...PLAIN, at('film/shots/shot.blend'), ...output, ...bake]);
    };
    [mesh] = await Promise.all([sharedMesh(), direct()]);
    // Nobody finds by chance what did not travel.
    await rename(at('film'), at('moved'));
  });
  after(async () => dir?.[Symbol.asyncDispose]());

  const render = async (out: string, ...more: string[]): Promise<Buffer[]> => {
    const what = ['render', at('moved'), '--blend', 'shot', '--out', at(out), '--bake'];
    const { code, stderr } = await mesh.musterJson(...what, ...more);
    expect(code, stderr).to.equal(0);
    return Promise.all([2, 3, 4].map((frame) => pixels(at(out, `frame_000${frame}.png`))));
  };

  it('gives the pixels of Blender, which bakes and renders it alone, in tiles too', async () => {
    const direct = await Promise.all(
      [2, 3, 4].map((frame) => pixels(at(`direct_000${frame}.png`))),
    );
    expect(new Set(direct.map((each) => each.toString('base64'))).size).to.equal(3);
    const baked = await render('baked', '--frames', '1-4');
    expect(baked.map((each, i) => each.equals(direct[i]!))).to.deep.equal([true, true, true]);
    const split = await render('split', '--frames', '2-4', '--tiles', '2');
    expect(split.map((each, i) => each.equals(direct[i]!))).to.deep.equal([true, true, true]);
  });
});
