import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  blenderOptions,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../fixtures/blender.ts';
import { layOut } from '../../project/layout.ts';
import { findSandbox } from '#libs/sandbox/index.ts';
import { type BlenderEngine, createBlenderEngine } from './blender.ts';
import type { BlenderProgram } from './find-blender.ts';
import type { RenderJob } from './job.ts';

const run = promisify(execFile);
const STAMPED = new URL('./testing/stamped.py', import.meta.url).pathname;
const FILES = ['a:b/c.blend', 'a:b/d:e.avi', 'red.png'] as const;
const [SHOT] = FILES;

/** Renders one frame by itself, with a note in the place of its own stamp: `-- PICTURE NOTE`. */
const DIRECTLY = `
import bpy, sys
render = bpy.context.scene.render
render.use_stamp_filename = render.use_stamp_hostname = False
render.use_stamp_note, render.stamp_note_text = True, sys.argv[-1]
render.filepath = sys.argv[-2]
bpy.context.scene.frame_set(3)
bpy.ops.render.render(write_still=True)
`;

describe('what pictures tell of the file and of the machine', function () {
  this.timeout(120_000);
  before(needs('blender', 'bwrap', 'ffmpeg', 'blender-4.5', 'blender-5.0'));

  let dir: TempDir;
  let blenders: readonly BlenderProgram[];
  let confined: BlenderEngine;
  let free: BlenderEngine;
  const at = (...names: string[]): string => join(dir.path, ...names);
  before(async () => {
    dir = await tempDir();
    await writeFile(at('directly.py'), DIRECTLY);
    const newer = ['blender-4.5', 'blender-5.0'].map((name) => findProgram(name, ''));
    const options = await blenderOptions(at('confined'), [
      'blender',
      ...(await Promise.all(newer)),
    ]);
    ({ blenders } = options);
    const sandbox = await findSandbox({ noSandbox: true });
    confined = await createBlenderEngine(options);
    free = await createBlenderEngine({ ...options, sandbox, folder: at('free') });
    const make = '-b --factory-startup --python-exit-code 1 --python'.split(' ');
    await run('/usr/bin/blender', [...make, STAMPED, '--', at('film')]);
  });
  after(async () => dir?.[Symbol.asyncDispose]());

  /** Renders frame 3. Answers the picture's file as text, and what came of the frame. */
  const rendered = async (engine: BlenderEngine, file: string, more: Partial<RenderJob>) => {
    const opened = await openedBy(engine, renderJob(file, more));
    const outcome = await frameOf(opened, 3);
    await opened.close();
    return { ...outcome, text: await readFile(outcome.file ?? '', 'utf8') };
  };

  it('is the name that its owner gave the file, in its own folder', async () => {
    for (const [fileName, named] of [
      ['Größe 2.blend', 'Größe 2.blend'],
      ['../../etc/passwd', 'passwd'],
      ['..', 'given'],
    ] as const) {
      const job = { fileName, allowMissing: true };
      const { text } = await rendered(confined, at('film', SHOT), job);
      expect(text)
        .to.include(`File\0${named}`)
        .and.not.match(/\/given|\/tmp/);
    }
  });

  for (const short of ['3.4', '4.5', '5.0']) {
    it(`is the path inside the project with ${short}, from which relative paths lead as ever`, async () => {
      const { version = '', program = '' } =
        blenders.find((each) => each.version.startsWith(short)) ?? {};
      const parts = FILES.map((path) => ({ path, file: at('film', path) }));
      const project = await layOut(at(`laid-out-${short}`), parts);
      const scene = join(project.folder, SHOT);
      const job = { version, project };
      const [inside, outside] = await Promise.all([
        rendered(confined, scene, job),
        rendered(free, scene, job),
      ]);
      expect(inside.text).to.include(`File\0${SHOT}`).and.include('Hostname\0muster');
      expect(outside.text).to.include(`File\0${SHOT}`).and.not.include(`\0${hostname()}`);
      expect(outside.notes.join()).to.include('no host name in the stamp');
      for (const { text } of [inside, outside]) {
        expect(text).not.to.match(/\/given|\/tmp|\/work/);
      }
      const picture = at(`directly-${short}.png`);
      const direct = ['-b', at('film', SHOT), '--python', at('directly.py'), '--', picture];
      await run(program, [...direct, `File ${SHOT}`]);
      expect(outside.pixelHash).to.equal(await pixelHashOf(picture, { width: 320, height: 180 }));
    });
  }
});
