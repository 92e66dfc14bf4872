import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { blenderOptions, frameOf, openedBy, renderJob } from '../../fixtures/blender.ts';
import { layOut } from '../../project/layout.ts';
import { type BlenderEngine, createBlenderEngine } from './blender.ts';
import type { BlenderProgram } from './find-blender.ts';

const run = promisify(execFile);
const HOSTILE = new URL('./testing/hostile.py', import.meta.url).pathname;
const FILES = ['outer.blend', 'inner.blend'];

/** Renders frame 1 of the open file, as an artist with scripts switched off would: `-- PICTURE`. */
const DIRECTLY = `
import bpy, sys
bpy.context.scene.render.filepath = sys.argv[-1]
for scene in bpy.data.scenes:
    for layer in scene.view_layers:
        layer.use = True
for name in [layer.name for layer in bpy.context.scene.view_layers]:
    for layer in bpy.context.scene.view_layers:
        layer.use = layer.name == name
    try:
        bpy.ops.render.render(write_still=True)
    except RuntimeError as error:
        print(error)
`;

/** What the file's scripts print, each in its own way. */
const INTRUDED = /^INTRUDED by .*|^L A Y E R|^S E T/gm;

describe('a scene full of Python for the renderer', function () {
  this.timeout(120_000);
  before(needs('blender', 'bwrap', 'blender-4.5', 'blender-5.0'));

  let folder: TempDir;
  let engine: BlenderEngine;
  let blenders: readonly BlenderProgram[];
  const at = (...names: string[]): string => join(folder.path, ...names);
  before(async () => {
    folder = await tempDir();
    await writeFile(at('directly.py'), DIRECTLY);
    const newer = ['blender-4.5', 'blender-5.0'].map((name) => findProgram(name, ''));
    const options = await blenderOptions(at('engine'), ['blender', ...(await Promise.all(newer))]);
    ({ blenders } = options);
    engine = await createBlenderEngine(options);
    const make = '-b --factory-startup --python-exit-code 1 --python'.split(' ');
    await run('/usr/bin/blender', [...make, HOSTILE, '--', at('scene')]);
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  for (const short of ['3.4', '4.5', '5.0']) {
    it(`runs none of it with ${short}, and says what is missing in the picture`, async () => {
      const { version = '', program = '' } =
        blenders.find((each) => each.version.startsWith(short)) ?? {};
      const parts = FILES.map((path) => ({ path, file: at('scene', path) }));
      const project = await layOut(at(`laid-out-${short}`), parts);
      const opened = await openedBy(
        engine,
        renderJob(join(project.folder, 'outer.blend'), { version, project }),
      );
      const plain = run(program, [
        ...`-b --factory-startup --disable-autoexec ${at('scene/outer.blend')} --python`.split(' '),
        at('directly.py'),
        '--',
        at('directly.png'),
      ]).catch((died: { stdout: string }) => died);
      try {
        const { log, notes } = await frameOf(opened, 1);
        expect(log?.match(INTRUDED)).to.equal(null);
        expect(notes.join('\n'))
          .to.match(/^scripts in the file were not run/)
          .and.match(
            /^no lines of Freestyle, .*: outer\/scripted, outer\/\\, .*inner\/inner, inner\/named$/m,
          );
      } finally {
        await opened.close();
      }
      // Otherwise the scene would prove nothing. Blender 4.5 leaves them out itself, and 3.4 dies of them.
      const { stdout } = await plain;
      expect(stdout.match(INTRUDED) ?? []).to.include.members(
        short === '4.5'
          ? []
          : ['INTRUDED by a style module', 'INTRUDED by a linked scene', 'S E T'],
      );
    });
  }
});
