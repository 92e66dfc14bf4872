import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { makeZones, usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs } from '#libs/testing/index.ts';
import { running } from '../../../fixtures/agent.ts';
import {
  blenderOptions,
  completed,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../../fixtures/blender.ts';
import type { Opened, Progress, Running } from '../../engine.ts';
import { type BlenderEngine, createBlenderEngine } from '../blender.ts';
import type { RenderJob } from '../job.ts';

const run = promisify(execFile);
const going = new AbortController().signal;

/** Bakes and renders an animation as an artist would. */
const DIRECTLY = `
import bpy, sys
scene = bpy.context.scene
scene.render.filepath = sys.argv[-1]
scene.render.image_settings.file_format = 'PNG'
scene.render.image_settings.color_depth = '8'
for item in bpy.data.objects:
    for modifier in item.modifiers:
        if modifier.type == 'FLUID' and modifier.fluid_type == 'DOMAIN':
            modifier.domain_settings.cache_directory = sys.argv[-1] + 'fluid'
            modifier.domain_settings.cache_type = 'ALL'
            modifier.domain_settings.cache_frame_end = scene.frame_end + 1
            with bpy.context.temp_override(object=item, active_object=item):
                bpy.ops.fluid.bake_all()
bpy.ops.ptcache.bake_all(bake=True)
for item in bpy.data.objects:
    for modifier in item.modifiers:
        for bake in getattr(modifier, 'bakes', ()):
            which = {'modifier_name': modifier.name, 'bake_id': bake.bake_id}
            bpy.ops.object.geometry_node_bake_single(session_uid=item.session_uid, **which)
bpy.ops.render.render(animation=True)
`;

describe('physics that is not baked', function () {
  this.timeout(300_000);
  before(needs('bwrap', 'blender-5.0'));
  const at = usesScenes();
  let engine: BlenderEngine;
  let versions: Record<string, { program: string; version: string }>;

  before(async () => {
    await writeFile(at('directly.py'), DIRECTLY);
    await makeZones(at('.'));
    const programs = ['blender', await findProgram('blender-5.0', '')];
    const options = await blenderOptions(at('engine'), programs);
    versions = Object.fromEntries(options.blenders.map((each) => [each.version.slice(0, 3), each]));
    engine = await createBlenderEngine(options);
  });

  const open = (file: string, more: Partial<RenderJob>): Promise<Opened> =>
    openedBy(engine, renderJob(at(file), { fileName: file, bakeTimeoutMs: 120_000, ...more }));
  /** The pixel hashes of what Blender bakes and renders by itself. */
  const directly = async (file: string, short: string, frames: readonly number[]) => {
    const stem = at(`direct-${short}-${file}-`);
    const options = ['--background', '--factory-startup', at(file), '--python', at('directly.py')];
    await run(versions[short]?.program ?? '', [...options, '--', stem]);
    const size = { width: 32, height: 18 };
    return Promise.all(
      frames.map((frame) => pixelHashOf(`${stem}${String(frame).padStart(4, '0')}.png`, size)),
    );
  };

  for (const [file, short, frames] of [
    ['falling.blend', '3.4', [5, 2, 6]],
    ['falling.blend', '5.0', [5, 2, 6]],
    ['pouring.blend', '3.4', [4, 2]],
    ['drifting.blend', '5.0', [5, 2, 6]],
  ] as const) {
    it(`is baked by one machine for all, as Blender ${short} bakes it itself: ${file}`, async () => {
      const version = versions[short]?.version ?? '';
      const job = { version, physics: 'bake', lastFrame: Math.max(...frames) } as const;
      const baker = await open(file, job);
      const heard: Progress[] = [];
      const progress = (made: Progress): void => void heard.push(made);
      const baked = completed(await baker.run({ key: 'bake/0' }, { ...running(), progress }));
      await baker.close();
      expect(heard.map(({ text }) => text).join()).to.match(/baking frame \d\/\d/);
      const other = await open(file, job);
      const input: Running['input'] = async (task) => {
        expect(task).to.equal('bake/0');
        return { kind: 'file', file: baked.file ?? '' };
      };
      const hashes: string[] = [];
      for (const frame of frames) {
        hashes.push((await frameOf(other, frame, { input })).pixelHash);
      }
      await other.close();
      expect(new Set(hashes).size).to.equal(frames.length);
      expect(hashes).to.deep.equal(await directly(file, short, frames));
    });
  }

  for (const [file, short, what] of [
    ['falling.blend', '3.4', 'cloth of Grid'],
    ['drifting.blend', '5.0', 'simulation of Cube'],
  ] as const) {
    it(`is played from the first frame on if it is to be rendered in order, with the same pixels: ${file}`, async () => {
      const { version } = versions[short] ?? { version: '' };
      const opened = await open(file, { version, physics: 'in-order' });
      const { pixelHash, notes } = await frameOf(opened, 5);
      await opened.close();
      expect(notes.join()).to.match(
        new RegExp(`played from frame 1 on, as Blender bakes it .*blender -a.*: .*${what}`),
      );
      expect([pixelHash]).to.deep.equal(await directly(file, short, [5]));
    });
  }

  it('is one that goes through geometry nodes too, if it lies neither in the file nor beside it', async () => {
    const { version } = versions['5.0'] ?? { version: '' };
    const job = { version, physics: 'refuse' } as const;
    const refused = await engine.open(renderJob(at('drifting.blend'), job), going);
    expect(refused).to.deep.include({
      failureClass: 'PHYSICS_NOT_BAKED',
      names: ['simulation of Cube'],
    });
    const unseen = await open('drifting-unseen.blend', job);
    await unseen.close();
    const expected = await directly('drifting.blend', '5.0', [5]);
    const files = ['drifting-on-disk.blend', 'drifting-linked.blend', 'blendcache_drifting-baked'];
    for (const name of files) {
      await cp(at(name), at('project', name), { recursive: true });
    }
    for (const [file, more] of [
      ['drifting-baked.blend', {}],
      ['project/drifting-on-disk.blend', { project: { folder: at('project'), places: [] } }],
      ['project/drifting-linked.blend', { project: { folder: at('project'), places: [] } }],
    ] as const) {
      const opened = await open(file, { ...job, ...more });
      expect([(await frameOf(opened, 5)).pixelHash], file).to.deep.equal(expected);
      await opened.close();
    }
  });

  it('is refused by name, if the work wants that, and noted if it does not say', async () => {
    const { version } = versions['3.4'] ?? { version: '' };
    const wanted = { version, physics: 'refuse' } as const;
    const refused = await engine.open(renderJob(at('falling.blend'), wanted), going);
    expect(refused).to.deep.include({
      failureClass: 'PHYSICS_NOT_BAKED',
      names: [
        'cloth of Grid',
        'soft body of Icosphere',
        'particles of Plane',
        'rigid bodies of Scene',
      ],
    });
    const fluid = renderJob(at('pouring.blend'), { version, physics: 'in-order' });
    expect(await engine.open(fluid, going)).to.deep.include({
      failureClass: 'PHYSICS_NOT_BAKED',
      names: ['fluid of Cube'],
    });
    const opened = await open('falling.blend', { version });
    const { notes } = await frameOf(opened, 1);
    expect(notes.join()).to.contain('not baked, so frames may not fit together: cloth of Grid');
    await opened.close();
  });
});
