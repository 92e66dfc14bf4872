import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { running } from '../../../fixtures/agent.ts';
import {
  blenderOptions,
  completed,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../../fixtures/blender.ts';
import type { Running } from '../../engine.ts';
import { type BlenderEngine, createBlenderEngine } from '../blender.ts';

const run = promisify(execFile);
const SCENES = new URL('../testing/composited.py', import.meta.url).pathname;
const OPTIONS = ['-b', '--factory-startup', '--python-exit-code', '1', '--python', SCENES, '--'];
const TILES = 2;

describe('the strips of a composited frame', function () {
  this.timeout(120_000);
  before(needs('blender', 'bwrap', 'ffmpeg', 'blender-4.5', 'blender-5.0'));

  let folder: TempDir;
  let engine: BlenderEngine;
  const programs: Record<string, string> = { '3.4': 'blender' };
  before(async () => {
    folder = await tempDir();
    for (const short of ['4.5', '5.0']) {
      programs[short] = await findProgram(`blender-${short}`, '');
    }
    const options = await blenderOptions(join(folder.path, 'engine'), Object.values(programs));
    engine = await createBlenderEngine(options);
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  for (const [short, version] of [
    ['3.4', '3.4.1'],
    ['4.5', '4.5.15'],
    ['5.0', '5.0.1'],
  ] as const) {
    it(`make all layers of the whole frame of Blender ${short} to the float, and what cannot be so has a name`, async () => {
      const own = join(folder.path, short);
      await mkdir(own);
      const { stdout } = await run(programs[short] ?? '', [...OPTIONS, own]);
      const line = stdout.split('\n').find((each) => each.startsWith('@')) ?? '@{}';
      expect(JSON.parse(line.slice(1))).to.deep.equal({
        reads_another_scene: 'its compositor reads the scene Other',
        has_a_long_name: `OpenEXR has no room for the name ${'L'.repeat(60)}.Combined.R`,
        is_denoised: 'it is denoised',
        has_grease_pencil: 'it has Grease Pencil',
        has_all_else: '',
      });
      const [ofNode = ''] = await readdir(join(own, 'own'));
      const whole = [join(own, 'whole.exr'), join(own, 'own', ofNode)];
      const expected = await Promise.all(whole.map((path) => pixelHashOf(path)));

      const job = { format: 'AS_IN_FILE', version, tiles: TILES } as const;
      const scene = await openedBy(engine, renderJob(join(own, 'composited.blend'), job));
      try {
        const strips = new Map<string, string>();
        for (let number = 1; number <= TILES; number += 1) {
          const key = `tile-${number}/3`;
          strips.set(key, completed(await scene.run({ key }, running())).file ?? '');
        }
        const input: Running['input'] = async (task) => ({
          kind: 'file',
          file: strips.get(task) ?? '',
        });
        const { pixelHash, files = [], notes } = await frameOf(scene, 3, { input });
        expect([pixelHash, ...files.map((each) => each.pixelHash)]).to.deep.equal(expected);
        expect(notes).to.deep.equal([]);
      } finally {
        await scene.close();
      }
    });
  }
});
