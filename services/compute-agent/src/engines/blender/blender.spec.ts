import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { processTree, statOf } from '#libs/programs/index.ts';
import { commandLines, eventually, fakeClock, needs } from '#libs/testing/index.ts';
import { running } from '../../fixtures/agent.ts';
import {
  blenderOptions,
  completed,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../fixtures/blender.ts';
import { layOut } from '../../project/layout.ts';
import type { Failed, Outcome, Progress, Running } from '../engine.ts';
import { type BlenderEngine, type BlenderOptions, createBlenderEngine } from './blender.ts';
import type { FrameFormat, RenderJob } from './job.ts';
import type { OpenedScene } from './scene.ts';

const run = promisify(execFile);
type PictureFormat = Exclude<FrameFormat, 'AS_IN_FILE'>;
const SCENES = new URL('./testing/scenes.py', import.meta.url).pathname;
const going = new AbortController().signal;
/** Out of order, because a frame may keep something of the one before. */
const FRAMES = [1, 12, 5, 6, 2];

/** The renderers that this process started, by their pids; others may be at work on this machine. */
const blenders = async (): Promise<number[]> =>
  [...(await commandLines(await processTree(process.pid)))].flatMap(([pid, line]) =>
    /^\/usr\/bin\/blender .*driver\.py/.test(line) ? [pid] : [],
  );

/** Runs a task, and knows when Blender is at work on the picture. */
const watched = (signal = going): Running & { heard: Progress[]; isSampling(): Promise<void> } => {
  const heard: Progress[] = [];
  return {
    ...running(signal),
    heard,
    progress: (progress) => void heard.push(progress),
    async isSampling() {
      await eventually(() => expect(heard.at(-1)?.text).to.match(/^Sample \d+\/60000$/), {
        withinMs: 20_000,
      });
    },
  };
};

describe('rendering with Blender', function () {
  this.timeout(60_000);
  before(needs('blender'));
  before(needs('bwrap'));

  let folder = '';
  let engine: BlenderEngine;
  let options: BlenderOptions;
  const opened: OpenedScene[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-blender-'));
    const args = '--background --factory-startup --python-exit-code 1 --python'.split(' ');
    await run('/usr/bin/blender', [...args, SCENES, '--', folder]);
    options = await blenderOptions(join(folder, 'engine'));
    engine = await createBlenderEngine(options);
  });
  const closeAll = (): Promise<unknown> =>
    Promise.all(opened.splice(0).map((scene) => scene.close()));
  // The folder does not exist if the suite was skipped.
  after(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

  const job = (scene: string, over: Partial<RenderJob> = {}): RenderJob =>
    renderJob(join(folder, `${scene}.blend`), over);
  /** Opens a scene that `closeAll` closes. */
  const openWith = async (by: BlenderEngine, work: RenderJob): Promise<OpenedScene> => {
    const scene = await openedBy(by, work);
    opened.push(scene);
    return scene;
  };
  const open = (scene: string, over: Partial<RenderJob> = {}): Promise<OpenedScene> =>
    openWith(engine, job(scene, over));
  const refused = async (scene: string, over: Partial<RenderJob> = {}): Promise<Failed> => {
    const result = await engine.open(job(scene, over), going);
    if (result.kind !== 'failed') {
      throw new Error(`expected a failure, got ${result.kind}`);
    }
    return result;
  };
  /** The pixel hashes of frames of `moving` from plain calls of Blender, by format and frame: `PNG 12`. */
  const direct = new Map<string, string>();
  const callDirectly = async (frames: Record<PictureFormat, readonly number[]>): Promise<void> => {
    const asked = Object.entries(frames) as [PictureFormat, readonly number[]][];
    const out = (format: PictureFormat) => join(folder, `direct-${format}-`);
    const args = asked.flatMap(([format, numbers]) => [
      '-o',
      out(format),
      '-F',
      format,
      '-x',
      '1',
      ...numbers.flatMap((number) => ['-f', String(number)]),
    ]);
    await run('/usr/bin/blender', ['-b', join(folder, 'moving.blend'), ...args]);
    for (const [format, numbers] of asked) {
      const ending = { PNG: 'png', JPEG: 'jpg', OPEN_EXR: 'exr' }[format];
      for (const number of numbers) {
        const file = `${out(format)}${String(number).padStart(4, '0')}.${ending}`;
        const picture = { width: 64, height: 36 };
        direct.set(`${format} ${number}`, await pixelHashOf(file, picture));
      }
    }
  };

  describe('each scene in a warm Blender of its own', () => {
    let scenes: Record<PictureFormat | 'denoised' | 'black' | 'failing' | 'scripted', OpenedScene>;
    before(async () => {
      const [PNG, JPEG, OPEN_EXR, denoised, black, failing, scripted] = await Promise.all([
        open('moving'),
        open('moving', { format: 'JPEG' }),
        open('moving', { format: 'OPEN_EXR' }),
        open('denoised'),
        open('black'),
        open('failing'),
        open('scripted'),
        callDirectly({ PNG: FRAMES, JPEG: [3], OPEN_EXR: [3] }),
      ]);
      scenes = { PNG, JPEG, OPEN_EXR, denoised, black, failing, scripted };
    });
    after(closeAll);

    it('renders the same pixels as plain calls of Blender, in any order of frames', async () => {
      const scene = scenes.PNG;
      expect(scene.facts).to.deep.include({
        scene: 'Scene',
        engine: 'CYCLES',
        frameStart: 1,
        frameEnd: 12,
        width: 64,
      });
      const hashes: string[] = [];
      for (const number of FRAMES) {
        const result = await frameOf(scene, number);
        hashes.push(result.pixelHash);
        expect(result.notes).to.deep.equal([]);
        expect(result.sizeBytes).to.equal((await readFile(result.file ?? '')).length);
      }
      expect(hashes).to.deep.equal(FRAMES.map((number) => direct.get(`PNG ${number}`)));
      expect(new Set(hashes).size).to.equal(FRAMES.length);
    });

    for (const format of ['JPEG', 'OPEN_EXR'] as const) {
      it(`renders ${format} with the pixels of plain Blender`, async () => {
        const scene = scenes[format];
        const { pixelHash, file } = await frameOf(scene, 3);
        expect(file).to.match(format === 'JPEG' ? /\.jpg$/ : /\.exr$/);
        expect(pixelHash).to.equal(direct.get(`${format} 3`));
      });
    }

    it('switches denoising off if this Blender cannot denoise, and says so', async () => {
      const { notes } = await frameOf(scenes.denoised, 1);
      expect(notes).to.deep.equal(['denoising off: this Blender has no OpenImageDenoise']);
    });

    it('accepts a picture of one colour, and says so', async () => {
      expect((await frameOf(scenes.black, 1)).notes).to.deep.equal(['picture of one colour']);
    });

    it('fails a frame with the message of Blender, and renders the next one', async () => {
      const scene = scenes.failing;
      for (const number of [1, 2]) {
        const outcome = await scene.run({ key: `frames/${number}` }, running());
        expect(outcome).to.include({ kind: 'failed', failureClass: 'RENDER_ERROR' });
        expect(outcome)
          .to.have.property('reason')
          .that.matches(/too small/i);
        expect(outcome).to.have.property('log').that.includes('Read blend');
      }
    });

    it('runs no Python of the file, writes no file but the picture, and says that scripts were left out', async () => {
      const scene = scenes.scripted;
      const result = await frameOf(scene, 1);
      expect(result.notes.join()).to.match(/^scripts in the file were not run/);
      const failure = await scene.run({ key: 'frames/x' }, running());
      expect(failure).to.include({ failureClass: 'AGENT_ERROR' });
      const folders = join(folder, 'engine/scenes');
      const left = await Promise.all(
        (await readdir(folders)).map((name) => readdir(join(folders, name, 'work'))),
      );
      expect(left.flat().filter((name) => /evil|stolen/.test(name))).to.deep.equal([]);
    });
  });

  describe('opening and ending', () => {
    afterEach(closeAll);

    it('takes samples, scale and scene from the job, and computes the size of a cropped picture as Blender does', async () => {
      const [first, other, cropped, few, many] = await Promise.all([
        open('two-scenes'),
        open('two-scenes', { scene: 'Other', scalePercent: 50 }),
        open('cropped'),
        open('moving', { samples: 1 }),
        open('moving', { samples: 64 }),
      ]);
      expect(first.facts).to.deep.include({
        scene: 'First',
        scenes: ['First', 'Other'],
        frameStart: 1,
        frameEnd: 12,
      });
      expect(other.facts).to.deep.include({
        scene: 'Other',
        frameStart: 5,
        frameEnd: 7,
        width: 30,
        height: 40,
        percent: 50,
      });
      expect(completed(await other.run({ key: 'frames/6' }, running())).sizeBytes).to.be.above(0);
      await frameOf(cropped, 1);
      expect((await frameOf(few, 1)).pixelHash).not.to.equal((await frameOf(many, 1)).pixelHash);
    });

    it('names missing files before it renders a frame, unless the job accepts that they are missing', async () => {
      const [failure, accepted, packed] = await Promise.all([
        refused('missing'),
        open('missing', { allowMissing: true }),
        open('packed'),
      ]);
      expect(failure).to.include({ failureClass: 'MISSING_ASSETS' });
      expect(failure.names).to.deep.equal(['//../earth/world_map.jpg', '//smoke/smoke.vdb']);
      expect(failure.reason).to.include('world_map.jpg');
      const { notes } = await frameOf(accepted, 1);
      expect(notes).to.have.length(1);
      expect(notes[0]).to.match(/^rendered without 2 missing files: \w+ \S+, \w+ [^…]+$/);
      await frameOf(packed, 1);
    });

    it('finds files at the places that the .blend names, also at those of the system and without a sandbox', async () => {
      const project = await layOut(join(folder, 'laid-out'), [
        { path: 'shots/elsewhere.blend', file: join(folder, 'elsewhere.blend') },
        { path: '/c/film/tex/bark.png', file: join(folder, 'bark.png') },
        { path: '/usr/share/fonts/customer/title.ttf', file: join(folder, 'title.ttf') },
      ]);
      const sceneFile = join(project.folder, 'shots/elsewhere.blend');
      const bare = join(folder, 'bare');
      const unconfined = await createBlenderEngine({
        ...options,
        sandbox: { kind: 'none' },
        folder: bare,
      });
      const expected = await frameOf(await openWith(unconfined, job('at-hand')), 1);
      for (const each of [engine, unconfined]) {
        const scene = await openWith(each, job('elsewhere', { sceneFile, project }));
        expect((await frameOf(scene, 1)).pixelHash).to.equal(expected.pixelHash);
      }
    });

    it('finds missing files of every kind that a picture depends on, and none that it does not', async () => {
      const { names } = await refused('unpacked');
      expect(names.map((name) => name.replace(/^.*\//, ''))).to.have.members([
        'clip.png',
        'lamp.ies',
        'library.blend',
        'points.mdd',
        'strip.png',
        'tile.1001.png',
        'tile.1002.png',
      ]);
    });

    it('refuses a scene without a camera before it renders a frame', async () => {
      const failure = await refused('no-camera');
      expect(failure).to.include({ failureClass: 'SCENE_UNREADABLE' });
      expect(failure.reason).to.match(/no active camera/);
    });

    it('reports a file that is not a scene, or is truncated, as unreadable', async () => {
      await writeFile(join(folder, 'text.blend'), 'not a scene, though it says so\n'.repeat(100));
      await writeFile(join(folder, 'empty.blend'), '');
      await copyFile(join(folder, 'moving.blend'), join(folder, 'half.blend'));
      await truncate(join(folder, 'half.blend'), 20_000);
      await chmod(join(folder, 'half.blend'), 0o644);
      const scenes = ['text', 'empty', 'half'];
      for (const [i, failure] of (
        await Promise.all(scenes.map((scene) => refused(scene)))
      ).entries()) {
        const scene = scenes[i];
        expect(failure, scene).to.include({ failureClass: 'SCENE_UNREADABLE' });
        expect(failure.reason, scene)
          .to.match(/\w+ \w+/)
          .and.not.to.include('/given');
      }
    });

    it('names the scenes of the file if the requested one is missing, and an engine that does not work here', async () => {
      const [absent, elsewhere] = await Promise.all([
        refused('two-scenes', { scene: 'Third' }),
        refused('moving', { engine: 'BLENDER_WORKBENCH' }),
      ]);
      expect(absent).to.deep.include({
        failureClass: 'SCENE_UNREADABLE',
        reason: 'no scene Third; the file has: First, Other',
      });
      expect(elsewhere).to.deep.include({
        failureClass: 'ENGINE_UNAVAILABLE',
        names: ['BLENDER_WORKBENCH'],
      });
    });

    it('stops a frame within a second when it is cancelled, and leaves no process behind', async () => {
      expect(await blenders()).to.deep.equal([]);
      const scene = await open('slow');
      const cancel = new AbortController();
      const watching = watched(cancel.signal);
      const rendering = scene.run({ key: 'frames/1' }, watching);
      await watching.isSampling();
      expect(watching.heard.at(-1)?.fraction).to.be.within(0, 0.1);
      const asked = performance.now();
      cancel.abort();
      expect(await rendering).to.deep.equal({ kind: 'cancelled' });
      expect(performance.now() - asked).to.be.below(1_000);
      expect(await blenders()).to.deep.equal([]);
    });

    it('replaces a renderer that is killed in the middle of a frame', async () => {
      const scene = await open('slow');
      const watching = watched();
      const rendering = scene.run({ key: 'frames/1' }, watching);
      await watching.isSampling();
      const [pid = 0] = await blenders();
      process.kill(pid, 'SIGKILL');
      expect(await rendering).to.include({ kind: 'failed', failureClass: 'RENDERER_DIED' });
      await scene.close();

      const quick = await open('moving');
      const { pixelHash } = await frameOf(quick, 1);
      const [next = 0] = await blenders();
      process.kill(next, 'SIGKILL');
      expect((await frameOf(quick, 1)).pixelHash).to.equal(pixelHash);
    });

    it('ends a renderer that takes too long or makes no progress, and says which', async () => {
      const clock = fakeClock();
      const timed = await createBlenderEngine({
        ...options,
        folder: join(folder, 'timed'),
        clock,
      });
      /**
       * Renders, and lets this much time pass while Blender works. The frame must not end before the last
       * millisecond.
       */
      const renderFor = async (
        ms: number,
        over: Partial<RenderJob>,
        atWork?: () => Promise<void>,
      ): Promise<Outcome> => {
        const scene = await openWith(timed, job('slow', over));
        const watching = watched();
        let isOver = false;
        const rendering = scene.run({ key: 'frames/1' }, watching).finally(() => (isOver = true));
        await watching.isSampling();
        await atWork?.();
        await clock.advance(ms - 1);
        expect(isOver).to.equal(false);
        await clock.advance(1);
        return rendering;
      };
      expect(await renderFor(700, { frameTimeoutMs: 700 })).to.include({
        failureClass: 'TIMEOUT',
        reason: 'not done after 1 s',
      });
      const stop = async (): Promise<void> => {
        const [pid = 0] = await blenders();
        process.kill(pid, 'SIGSTOP');
        await eventually(() => expect(statOf(pid)?.isStopped).to.equal(true));
      };
      expect(await renderFor(4_000, { progressTimeoutMs: 4_000 }, stop)).to.include({
        failureClass: 'TIMEOUT',
        reason: 'no progress for 4 s',
      });
      expect(await blenders()).to.deep.equal([]);
    });

    it('says of a frame that is not split yet whether strips would have its pixels', async () => {
      const tiles = { tiles: 2, tilesIfSlow: true } as const;
      const slow = await open('slow', tiles);
      const stopping = new AbortController();
      const watching = watched(stopping.signal);
      const rendering = slow.run({ key: 'frames/1' }, watching);
      await watching.isSampling();
      const expects = (): number => watching.heard.at(-1)?.remainingSeconds ?? 0;
      await eventually(() => expect(expects()).to.be.above(0), { withinMs: 20_000 });
      expect(watching.heard.at(-1)).to.include({ canSplit: true });
      stopping.abort();
      expect(await rendering).to.include({ kind: 'cancelled' });
      await slow.close();

      const whole = watched();
      const cropped = await open('cropped', tiles);
      expect(await cropped.run({ key: 'frames/1' }, whole)).to.include({ kind: 'completed' });
      expect(whole.heard).to.not.deep.equal([]);
      expect(whole.heard.filter(({ canSplit }) => canSplit)).to.deep.equal([]);
    });

    it('ends a renderer that exceeds its memory', async () => {
      const small = await createBlenderEngine({
        ...options,
        folder: join(folder, 'small'),
        memoryBytes: 64 * 1024 ** 2,
      });
      const scene = await small.open(job('slow'), going);
      const outcome =
        scene.kind === 'opened' ? await scene.run({ key: 'frames/1' }, running()) : scene;
      expect(outcome).to.include({ kind: 'failed', failureClass: 'OUT_OF_MEMORY' });
      if (scene.kind === 'opened') {
        await scene.close();
      }
    });
  });
});
