import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { pino } from 'pino';
import { systemClock } from '#libs/clock/index.ts';
import { findProgram } from '#libs/programs/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { running } from '../../../fixtures/agent.ts';
import { findSandbox } from '../../../sandbox/index.ts';
import type { Completed, Opened, Running } from '../../engine.ts';
import { type BlenderEngine, createBlenderEngine } from '../blender.ts';
import { findBlenders } from '../find-blender.ts';
import { verifyPicture } from '../pictures/verify.ts';

const run = promisify(execFile);
const going = new AbortController().signal;
const SCENES = new URL('../testing/composited.py', import.meta.url).pathname;
const TILES = 2;
const OPTIONS = ['-b', '--factory-startup', '--python-exit-code', '1', '--python'];

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
    const { found } = await findBlenders(Object.values(programs), '/usr/bin');
    engine = await createBlenderEngine({
      sandbox: await findSandbox({ noSandbox: false }),
      blenders: found.map((each) => ({ ...each, engines: ['CYCLES'], devices: [] })),
      folder: join(folder.path, 'engine'),
      slots: 1,
      cpus: 2,
      memoryBytes: 4 * 1024 ** 3,
      clock: systemClock,
      random: systemRandom,
      logger: pino({ enabled: false }),
    });
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  const completed = async (scene: Opened, key: string, within: Running): Promise<Completed> => {
    const outcome = await scene.run({ key }, within);
    if (outcome.kind !== 'completed') {
      throw new Error(JSON.stringify(outcome));
    }
    return outcome;
  };

  for (const [short, version] of [
    ['3.4', '3.4.1'],
    ['4.5', '4.5.15'],
    ['5.0', '5.0.1'],
  ] as const) {
    it(`make all layers of the whole frame of Blender ${short} to the float, and what cannot be so has a name`, async () => {
      const own = join(folder.path, short);
      await mkdir(own);
      const program = programs[short] ?? '';
      const { stdout } = await run(program, [...OPTIONS, SCENES, '--', own]);
      const line = stdout.split('\n').find((each) => each.startsWith('@')) ?? '@{}';
      expect(JSON.parse(line.slice(1))).to.deep.equal({
        reads_another_scene: 'its compositor reads the scene Other',
        has_a_long_name: `OpenEXR has no room for the name ${'L'.repeat(60)}.Combined.R`,
        is_denoised: 'it is denoised',
        has_grease_pencil: 'it has Grease Pencil',
        has_all_else: '',
      });
      const sceneFile = join(own, 'composited.blend');
      const hashOf = async (path: string): Promise<string> => {
        const context = { sandbox: { kind: 'none' }, clock: systemClock } as const;
        const verdict = await verifyPicture(path, undefined, context);
        return verdict.kind === 'good' ? verdict.pixelHash : verdict.reason;
      };
      const [ofNode = ''] = await readdir(join(own, 'own'));
      const expected = [join(own, 'whole.exr'), join(own, 'own', ofNode)];

      const scene = await engine.open(
        {
          sceneFile,
          format: 'AS_IN_FILE',
          allowMissing: false,
          frameTimeoutMs: 60_000,
          progressTimeoutMs: 60_000,
          version,
          tiles: TILES,
        },
        going,
      );
      if (scene.kind !== 'opened') {
        throw new Error(JSON.stringify(scene));
      }
      try {
        const strips = new Map<string, string>();
        for (let number = 1; number <= TILES; number += 1) {
          const key = `tile-${number}/3`;
          strips.set(key, (await completed(scene, key, running())).file ?? '');
        }
        const merging: Running = {
          ...running(),
          input: async (task) => ({ kind: 'file', file: strips.get(task) ?? '' }),
        };
        const { pixelHash, files = [], notes } = await completed(scene, 'frames/3', merging);
        const hashes = [pixelHash, ...files.map((each) => each.pixelHash)];
        expect(hashes).to.deep.equal(await Promise.all(expected.map(hashOf)));
        expect(notes).to.deep.equal([]);
      } finally {
        await scene.close();
      }
    });
  }
});
