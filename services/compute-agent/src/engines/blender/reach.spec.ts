import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const run = promisify(execFile);
const OPTIONS =
  '--background --factory-startup --disable-autoexec -noaudio --python-exit-code 1'.split(' ');

/** The files that the driver misses in each scene of a folder, by the scene's name. */
const missingIn = async (folder: string, program = 'blender'): Promise<Map<string, string[]>> => {
  const scenes = (await readdir(folder)).filter((name) => name.endsWith('.blend'));
  const { stdout } = await run(program, [
    ...OPTIONS,
    '--python',
    here('testing/missing.py'),
    '--',
    here('python'),
    ...scenes.map((name) => `${folder}/${name}`),
  ]);
  const lines = stdout.split('\n').filter((line) => line.startsWith('MISSING '));
  const told = lines.map(
    (line) => JSON.parse(line.slice('MISSING '.length)) as { file: string; missing: string[] },
  );
  expect(told).to.have.length(scenes.length);
  return new Map(told.map(({ file, missing }) => [basename(file), missing]));
};

/** The same scenes are in trace.blender.spec.ts: what a customer's side leaves out, an agent must not miss. */
describe('what the driver takes as part of a picture', function () {
  this.timeout(60_000);
  const at = usesScenes();

  it('is no file that the picture cannot show', async () => {
    for (const [scene, missing] of await missingIn(at('unseen'))) {
      expect(missing, scene).to.deep.equal([]);
    }
  });

  it('is each file that the picture shows', async () => {
    for (const [scene, missing] of await missingIn(at('seen'))) {
      expect(missing, scene).to.have.length(1);
    }
  });
});

describe('what is there by name only', function () {
  this.timeout(60_000);
  const programs = ['blender', 'blender-4.5', 'blender-5.0'];
  let folder: TempDir;
  before(needs(...programs));
  before(async () => {
    folder = await tempDir();
    await run('blender', [...OPTIONS, '--python', here('testing/broken.py'), '--', folder.path]);
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  for (const program of programs) {
    it(`is missed before the first frame, as far as pictures show it, by ${program}`, async () => {
      const found = await missingIn(folder.path, await findProgram(program, process.env['PATH']));
      expect(Object.fromEntries(found)).to.deep.equal({
        'cut-image.blend': ['//cut.png'],
        'unseen-cut-image.blend': [],
        'font.blend': ['//font.ttf'],
        'volume.blend': ['//smoke.vdb'],
        'library.blend': ['//lib/pointer.blend'],
        'lost-object.blend': ['//lib/changed.blend/Thing'],
        'unseen-lost-object.blend': [],
      });
    });
  }
});
