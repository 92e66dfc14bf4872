import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { makeScenes } from '#libs/blend/fixtures/scenes.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  blenderOptions,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../fixtures/blender.ts';
import type { Progress } from '../engine.ts';
import { type BlenderEngine, createBlenderEngine } from './blender.ts';
import type { RenderJob } from './job.ts';

const run = promisify(execFile);
const going = new AbortController().signal;
const toolOf = (version: string): Promise<string> => findProgram(`blender-${version}`, '');
const NEWER = ['4.5', '5.0'];

/** Renders one frame as an artist would, with the file's own settings. */
const DIRECTLY = `
import bpy, sys
scene = bpy.context.scene
scene.render.filepath = sys.argv[-1]
scene.render.image_settings.file_format = 'PNG'
scene.render.image_settings.color_depth = '8'
scene.cycles.device = 'CPU'
scene.frame_set(3)
bpy.ops.render.render(write_still=True)
`;

const SAVE_NEWER = `
import bpy, sys
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`;

describe('Blenders of several versions on one machine', function () {
  this.timeout(120_000);
  before(needs('blender', 'bwrap', ...NEWER.map((version) => `blender-${version}`)));

  let folder: TempDir;
  let engine: BlenderEngine;
  let versions: string[];
  const at = (...names: string[]): string => join(folder.path, ...names);
  /** Opens a scene, or answers the failure. */
  const open = async (file: string, more: Partial<RenderJob> = {}) => {
    const opened = await engine.open(renderJob(at(file), more), going);
    return opened.kind === 'opened' ? opened : { ...opened, close: async () => undefined };
  };

  before(async () => {
    folder = await tempDir();
    await makeScenes(folder.path);
    await writeFile(at('directly.py'), DIRECTLY);
    await writeFile(at('save-newer.py'), SAVE_NEWER);
    const programs = ['blender', ...(await Promise.all(NEWER.map(toolOf)))];
    const options = await blenderOptions(at('engine'), programs, ['CYCLES', 'BLENDER_EEVEE']);
    versions = options.blenders.map(({ version }) => version);
    engine = await createBlenderEngine(options);
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  for (const short of NEWER) {
    it(`render with ${short} what it renders by itself, to the pixel, and tell how far it is`, async () => {
      const version = versions.find((each) => each.startsWith(short));
      const job = renderJob(at('packed.blend'), { version: version ?? '' });
      const opened = await openedBy(engine, job);
      try {
        const heard: Progress[] = [];
        const progress = (made: Progress): void => void heard.push(made);
        const { pixelHash } = await frameOf(opened, 3, { progress });
        expect(heard.map(({ text }) => text).join('\n')).to.match(/Sample \d+\/\d+/);
        const picture = at(`directly-${short}.png`);
        await run(await toolOf(short), [
          '-b',
          at('packed.blend'),
          '--python',
          at('directly.py'),
          picture,
        ]);
        expect(await pixelHashOf(picture, { width: 32, height: 18 })).to.equal(pixelHash);
      } finally {
        await opened.close();
      }
    });

    it(`call the engine of ${short} by the name that the mesh has for it, and say how it differs`, async () => {
      const version = versions.find((each) => each.startsWith(short)) ?? '';
      const opened = await open('eevee.blend', { version });
      expect(opened).to.have.nested.property('facts.engine', 'BLENDER_EEVEE');
      await opened.close();
    });

    it(`refuse with ${short} an engine that only an add-on has, by its name`, async () => {
      const version = versions.find((each) => each.startsWith(short)) ?? '';
      const refused = await open('addon-engine.blend', { version });
      expect(refused).to.deep.include({
        failureClass: 'ENGINE_UNAVAILABLE',
        names: ['LUXCORE'],
      });
    });
  }

  it('see what an instance shows of a hidden object, and the camera of a composed scene', async () => {
    const [oldest = ''] = versions;
    expect(await open('seen/instanced-collection.blend', { version: oldest })).to.deep.include({
      failureClass: 'MISSING_ASSETS',
      names: ['//gone.png'],
    });
    const composed = await open('composed.blend', { version: oldest, scene: 'Scene' });
    expect(composed.kind).to.equal('opened');
    await composed.close();
  });

  it('never open a file with a Blender older than it', async () => {
    const script = ['--python', at('save-newer.py')];
    await run(await toolOf('5.0'), ['-b', at('packed.blend'), ...script, at('newer.blend')]);
    const [oldest = ''] = versions;
    const refused = await open('newer.blend', { version: oldest });
    expect(refused).to.include({ failureClass: 'AGENT_ERROR' });
  });

  it('take the latest if the mesh names none, and none if the mesh names another', async () => {
    const opened = await open('packed.blend');
    expect(opened.kind).to.equal('opened');
    await opened.close();
    expect(await open('packed.blend', { version: '9.9' })).to.include({
      failureClass: 'ENGINE_UNAVAILABLE',
    });
  });
});
