import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { collect } from './collect.ts';
import { checkMissing } from './permitted.ts';
import { choosePhysics, type PhysicsChoice } from './physics.ts';

const run = promisify(execFile);

/** Saves a shot whose cloth is linked from another file: `-- LIBRARY SHOT`. */
const LINKED = `
import bpy, sys
library, shot = sys.argv[-2:]
bpy.ops.wm.save_as_mainfile(filepath=shot)
with bpy.data.libraries.load(library, link=True, relative=True) as (found, into):
    into.objects = ["Cube"]
bpy.context.scene.collection.objects.link(into.objects[0])
bpy.ops.wm.save_mainfile()
`;

describe('choosePhysics', () => {
  const at = usesScenes();
  const chosen = async (name: string, choice: PhysicsChoice = {}, frames = '1-4') => {
    const found = await collect({ main: at(name), folder: at('.'), scene: undefined }).catch(
      () => undefined,
    );
    const unbaked = found?.unbaked;
    try {
      // In the order of `render`, which names missing files first.
      checkMissing(found?.missing ?? [], false);
      return choosePhysics(unbaked, frames, choice).slice('RENDER_PHYSICS_'.length);
    } catch (error) {
      return isDomainError(error) ? `${error.reason}: ${error.message}` : String(error);
    }
  };

  it('refuses an animation whose physics is not baked, by name and with the choice', async () => {
    expect(await chosen('unbaked.blend')).to.match(
      /^PHYSICS_NOT_BAKED: .*cloth Cloth; choose --bake .*--users 1 .*--allow-unbaked/,
    );
    const falling = await chosen('falling.blend');
    for (const each of ['cloth Cloth', 'soft body', 'rigid bodies', 'particles Rain']) {
      expect(falling).to.contain(each);
    }
    // One machine cannot play a fluid.
    expect(await chosen('pouring.blend', { users: 1 })).to.match(
      /fluid; choose --bake .*machine, or/,
    );
  });

  it('refuses to bake what comes from a library, which only its own file can', async () => {
    await writeFile(at('linked.py'), LINKED);
    const options = ['--background', '--factory-startup', '--python-exit-code', '1'];
    const files = ['--', at('unbaked.blend'), at('linked.blend')];
    await run('blender', [...options, '--python', at('linked.py'), ...files]);
    expect(await chosen('linked.blend', { bake: true })).to.match(
      /^PHYSICS_NOT_BAKED: .* a library .*: cloth Cloth \(unbaked\.blend\); bake it in its own file/,
    );
    expect(await chosen('linked.blend', { allowUnbaked: true })).to.equal('ALLOW_UNBAKED');
    expect(await chosen('linked.blend')).to.match(
      /^PHYSICS_NOT_BAKED: .*; bake it in its own file/,
    );
  });

  it('does what is chosen', async () => {
    expect(await chosen('unbaked.blend', { bake: true })).to.equal('BAKE');
    expect(await chosen('unbaked.blend', { users: 1 })).to.equal('IN_ORDER');
    expect(await chosen('unbaked.blend', { allowUnbaked: true })).to.equal('ALLOW_UNBAKED');
  });

  it('takes the folder of a fluid into which nothing was baked for no missing file', async () => {
    for (const name of ['pouring.blend', 'pouring-beside.blend']) {
      expect(await chosen(name)).to.match(/^PHYSICS_NOT_BAKED: .*fluid; choose --bake/);
      expect(await chosen(name, { bake: true })).to.equal('BAKE');
      expect(await chosen(name, { allowUnbaked: true })).to.equal('ALLOW_UNBAKED');
    }
  });

  it('sends frames of a fluid that Blender left there while it played, if they are in the project', async () => {
    await mkdir(at('cache_fluid/data'), { recursive: true });
    const frame = 'cache_fluid/data/fluid_data_0001.vdb';
    await writeFile(at(frame), '');
    const filesOf = async (main: string, folder: string) => {
      const { files } = await collect({ main: at(main), folder: at(folder), scene: undefined });
      return files.map(({ source }) => relative(at('.'), source));
    };
    expect(await filesOf('pouring-beside.blend', '.')).to.include(frame);
    // Else nobody could render while Blender is open without including its temporary folder.
    expect(await filesOf('pouring/outside.blend', 'pouring')).to.deep.equal([
      'pouring/outside.blend',
    ]);
  });

  it('chooses nothing where it makes no difference', async () => {
    expect(await chosen('unbaked.blend', {}, '3')).to.equal('ALLOW_UNBAKED');
    expect(await chosen('baked.blend', { bake: true })).to.equal('REFUSE');
    expect(await chosen('packed.blend', { users: 1 })).to.equal('REFUSE');
    // Cannot be read here: the machines look.
    expect(await chosen('no-such.blend')).to.equal('REFUSE');
    expect(await chosen('no-such.blend', { bake: true })).to.equal('BAKE');
  });
});
