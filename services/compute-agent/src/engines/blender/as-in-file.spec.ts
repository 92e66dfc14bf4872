import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs } from '#libs/testing/index.ts';
import {
  blenderOptions,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../fixtures/blender.ts';
import type { Completed } from '../engine.ts';
import { type BlenderEngine, createBlenderEngine } from './blender.ts';
import type { RenderJob } from './job.ts';

const run = promisify(execFile);
const going = new AbortController().signal;
const NEWER = '5.0';

/** Renders one frame as an artist would, with the file's own settings, into a folder. */
const DIRECTLY = `
import bpy, os, sys
scene = bpy.context.scene
scene.render.filepath = os.path.join(sys.argv[-1], 'frame')
scene.cycles.device = 'CPU'
scene.frame_set(3)
bpy.ops.render.render(write_still=True)
`;

describe('a frame as its file says', function () {
  this.timeout(240_000);
  const at = usesScenes();
  before(needs('blender', 'bwrap', 'ffmpeg', `blender-${NEWER}`));

  let engine: BlenderEngine;
  let programs: Record<string, string>;
  before(async () => {
    programs = { '3.4': 'blender', [NEWER]: await findProgram(`blender-${NEWER}`, '') };
    engine = await createBlenderEngine(await blenderOptions(at('engine'), Object.values(programs)));
  });

  const job = (file: string, more: Partial<RenderJob> = {}): RenderJob =>
    renderJob(at(file), { format: 'AS_IN_FILE', version: '3.4.1', ...more });
  const rendered = async (file: string, more: Partial<RenderJob> = {}): Promise<Completed> => {
    const opened = await openedBy(engine, job(file, more));
    try {
      return await frameOf(opened, 3);
    } finally {
      await opened.close();
    }
  };

  /** The pixel hashes of the pictures in a folder and in those within it. */
  const hashesIn = async (folder: string): Promise<string[]> => {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile());
    const hashes = files.map(({ parentPath, name }) => pixelHashOf(join(parentPath, name)));
    return (await Promise.all(hashes)).sort();
  };

  for (const [short, full] of [
    ['3.4', '3.4.1'],
    [NEWER, '5.0.1'],
  ] as const) {
    it(`has all layers for both eyes, and the files of its nodes, with the pixels of Blender ${short}`, async () => {
      const script = at('directly.py');
      await writeFile(script, DIRECTLY);
      await rm(at('passes'), { recursive: true, force: true });
      await mkdir(at(`direct-${short}`));
      const direct = [
        '-b',
        at('as-in-file.blend'),
        '--python',
        script,
        '--',
        at(`direct-${short}`),
      ];
      await run(programs[short] ?? '', direct);
      const expected = [await hashesIn(at(`direct-${short}`)), await hashesIn(at('passes'))];

      const frame = await rendered('as-in-file.blend', { version: full });
      const { file = '', pixelHash, ending = '', files = [] } = frame;
      const all = [{ file, pixelHash, ending }, ...files];
      const eyes = all.filter((each) => !each.ending.startsWith('.'));
      const ofNodes = all.filter((each) => each.ending.startsWith('.'));
      expect(eyes.map((each) => each.ending)).to.deep.equal(['_L.exr', '_R.exr']);
      expect(eyes.map((each) => each.pixelHash).sort()).to.deep.equal(expected[0]);
      expect(ofNodes.map((each) => each.ending)).to.include.members([
        '.Pässe_1-Image_L.png',
        '.Pässe_1-Image_R.png',
        '.Pässe_1-depth_Z_L.tif',
        '.Pässe_1-depth_Z_R.tif',
      ]);
      expect(ofNodes.filter((each) => each.ending.endsWith('.exr'))).not.to.deep.equal([]);
      expect(ofNodes.map((each) => each.pixelHash).sort()).to.deep.equal(expected[1]);
      expect(frame.used).to.deep.equal({ engine: 'CYCLES', version: full, device: 'CPU' });
      expect(frame.notes).to.deep.equal([]);
    });
  }

  it('is a picture where the file names a movie, and says so', async () => {
    const { file, notes, ending, files } = await rendered('movie.blend');
    expect(file).to.match(/\.png$/);
    expect([ending, files]).to.deep.equal([undefined, undefined]);
    expect(notes).to.deep.equal(['the file names the movie format FFMPEG: frames are PNG']);
  });

  it('is seen through the camera that was asked for, and there is none if the scene lacks that', async () => {
    const asked = { camera: 'Close', viewLayer: 'Second' };
    const [own, close] = [await rendered('cameras.blend'), await rendered('cameras.blend', asked)];
    expect(close.pixelHash).not.to.equal(own.pixelHash);
    for (const [wrong, words] of [
      [{ camera: 'Gone' }, /no camera Gone; its cameras are: .*Close/],
      [{ viewLayer: 'Gone' }, /no view layer Gone; it has: ViewLayer, Second/],
    ] as const) {
      const refused = await engine.open(job('cameras.blend', wrong), going);
      expect(refused).to.include({ kind: 'failed', failureClass: 'SCENE_UNREADABLE' });
      expect(refused).to.have.property('reason').that.matches(words);
    }
  });
});
