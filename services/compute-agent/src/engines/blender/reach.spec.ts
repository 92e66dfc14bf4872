import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The files that the driver misses in each scene of a folder, by the scene's name. */
const missingIn = async (folder: string): Promise<Map<string, string[]>> => {
  const scenes = (await readdir(folder)).filter((name) => name.endsWith('.blend'));
  const { stdout } = await promisify(execFile)('blender', [
    ...'--background --factory-startup --disable-autoexec -noaudio --python-exit-code 1'.split(' '),
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
