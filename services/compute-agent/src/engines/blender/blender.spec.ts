import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { pino } from 'pino';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, needs } from '#libs/testing/index.ts';
import { type PictureFormat, verifyPicture } from './pictures/index.ts';
import { running } from '../../fixtures/agent.ts';
import { findSandbox, type Sandbox } from '../../sandbox/index.ts';
import type { Completed, Failed, Outcome } from '../engine.ts';
import { type BlenderEngine, type BlenderOptions, createBlenderEngine } from './blender.ts';
import type { RenderJob } from './job.ts';
import type { OpenedScene } from './scene.ts';

const run = promisify(execFile);
const SCENES = new URL('./testing/scenes.py', import.meta.url).pathname;
const going = new AbortController().signal;

const completed = (outcome: Outcome): Completed => {
  if (outcome.kind !== 'completed') {
    throw new Error(JSON.stringify(outcome));
  }
  return outcome;
};

const frame = async (scene: OpenedScene, number: number): Promise<Completed> =>
  completed(await scene.run({ key: `frames/${number}` }, running()));

/** The renderers that this process started, by their pids; others may be at work on this machine. */
const blenders = async (): Promise<number[]> => {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
  const processes = stdout.split('\n').map((line) => {
    const [, pid = '', parent = '', args = ''] = /^\s*(\d+)\s+(\d+) (.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), args };
  });
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isOurs = (pid: number): boolean => pid === process.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  return processes
    .filter(({ pid, args }) => /^\/usr\/bin\/blender .*driver\.py/.test(args) && isOurs(pid))
    .map(({ pid }) => pid);
};

describe('rendering with Blender', function () {
  this.timeout(60_000);
  before(needs('blender'));
  before(needs('bwrap'));

  let folder = '';
  let sandbox: Sandbox;
  let engine: BlenderEngine;
  const opened: OpenedScene[] = [];
  const options = (): BlenderOptions => ({
    sandbox,
    program: '/usr/bin/blender',
    engines: ['CYCLES'],
    folder: join(folder, 'engine'),
    slots: 1,
    cpus: 2,
    memoryBytes: 4 * 1024 ** 3,
    clock: systemClock,
    random: systemRandom,
    logger: pino({ enabled: false }),
  });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-blender-'));
    sandbox = await findSandbox({ noSandbox: false });
    const args = '--background --factory-startup --python-exit-code 1 --python'.split(' ');
    await run('/usr/bin/blender', [...args, SCENES, '--', folder]);
    engine = await createBlenderEngine(options());
  });
  afterEach(() => Promise.all(opened.splice(0).map((scene) => scene.close())));
  // Not made where the suite was skipped.
  after(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

  const job = (scene: string, over: Partial<RenderJob> = {}): RenderJob => ({
    sceneFile: join(folder, `${scene}.blend`),
    format: 'PNG',
    allowMissing: false,
    frameTimeoutMs: 60_000,
    progressTimeoutMs: 60_000,
    ...over,
  });
  const open = async (scene: string, over: Partial<RenderJob> = {}): Promise<OpenedScene> => {
    const result = await engine.open(job(scene, over), going);
    if (result.kind !== 'opened') {
      throw new Error(JSON.stringify(result));
    }
    opened.push(result);
    return result;
  };
  const refused = async (scene: string, over: Partial<RenderJob> = {}): Promise<Failed> => {
    const result = await engine.open(job(scene, over), going);
    if (result.kind !== 'failed') {
      throw new Error(`expected a failure, got ${result.kind}`);
    }
    return result;
  };
  /** What Blender makes of frames when it is simply called for them. */
  const direct = async (
    scene: string,
    frames: readonly number[],
    picture: { format: PictureFormat; width: number; height: number },
  ): Promise<string[]> => {
    const out = join(folder, `direct-${scene}-`);
    const args = ['-b', join(folder, `${scene}.blend`), '-o', out, '-F', picture.format, '-x', '1'];
    await run('/usr/bin/blender', [...args, ...frames.flatMap((number) => ['-f', String(number)])]);
    const ending = { PNG: 'png', JPEG: 'jpg', OPEN_EXR: 'exr' }[picture.format];
    return Promise.all(
      frames.map(async (number) => {
        const file = `${out}${String(number).padStart(4, '0')}.${ending}`;
        const verdict = await verifyPicture(file, picture, { sandbox, clock: systemClock });
        return verdict.kind === 'good' ? verdict.pixelHash : verdict.reason;
      }),
    );
  };

  it('makes the pixels that Blender makes when called for each frame, in any order of frames', async () => {
    const frames = [1, 12, 5, 6, 2];
    const scene = await open('moving');
    expect(scene.facts).to.deep.include({ scene: 'Scene', engine: 'CYCLES', frameStart: 1, frameEnd: 12, width: 64 });
    const hashes: string[] = [];
    for (const number of frames) {
      const result = await frame(scene, number);
      hashes.push(result.pixelHash);
      expect(result.notes).to.deep.equal([]);
      expect(result.sizeBytes).to.equal((await readFile(result.file ?? '')).length);
    }
    expect(hashes).to.deep.equal(await direct('moving', frames, { format: 'PNG', width: 64, height: 36 }));
    expect(new Set(hashes).size).to.equal(frames.length);
  });

  for (const format of ['JPEG', 'OPEN_EXR'] as const) {
    it(`renders ${format} with the pixels of Blender`, async () => {
      const scene = await open('moving', { format });
      const { pixelHash, file } = await frame(scene, 3);
      expect(file).to.match(format === 'JPEG' ? /\.jpg$/ : /\.exr$/);
      expect([pixelHash]).to.deep.equal(await direct('moving', [3], { format, width: 64, height: 36 }));
    });
  }

  it('takes samples, scale and scene from the job, and counts a cropped picture as Blender does', async () => {
    const { facts } = await open('two-scenes');
    expect(facts).to.deep.include({ scene: 'First', scenes: ['First', 'Other'], frameStart: 1, frameEnd: 12 });
    const other = await open('two-scenes', { scene: 'Other', scalePercent: 50 });
    expect(other.facts).to.deep.include({
      scene: 'Other',
      frameStart: 5,
      frameEnd: 7,
      width: 30,
      height: 40,
      percent: 50,
    });
    expect(completed(await other.run({ key: 'frames/6' }, running())).sizeBytes).to.be.above(0);
    await frame(await open('cropped'), 1);
    const [few, many] = await Promise.all([open('moving', { samples: 1 }), open('moving', { samples: 64 })]);
    expect((await frame(few, 1)).pixelHash).not.to.equal((await frame(many, 1)).pixelHash);
  });

  it('switches denoising off where this Blender cannot denoise, and says so', async () => {
    const { notes } = await frame(await open('denoised'), 1);
    expect(notes).to.deep.equal(['denoising off: this Blender has no OpenImageDenoise']);
  });

  it('takes a picture of one colour, and says so', async () => {
    expect((await frame(await open('black'), 1)).notes).to.deep.equal(['picture of one colour']);
  });

  it('names the files that did not travel with the scene before a frame is rendered, unless that is accepted', async () => {
    const failure = await refused('missing');
    expect(failure).to.include({ failureClass: 'MISSING_ASSETS' });
    expect(failure.names).to.deep.equal(['//../earth/world_map.jpg', '//smoke/smoke.vdb']);
    expect(failure.reason).to.include('world_map.jpg');
    const { notes } = await frame(await open('missing', { allowMissing: true }), 1);
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/^rendered without 2 missing files/);
    await frame(await open('packed'), 1);
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

  it('calls a file that is no scene, or half of one, unreadable', async () => {
    await writeFile(join(folder, 'text.blend'), 'not a scene, though it says so\n'.repeat(100));
    await writeFile(join(folder, 'empty.blend'), '');
    await copyFile(join(folder, 'moving.blend'), join(folder, 'half.blend'));
    await truncate(join(folder, 'half.blend'), 20_000);
    await chmod(join(folder, 'half.blend'), 0o644);
    for (const scene of ['text', 'empty', 'half']) {
      const failure = await refused(scene);
      expect(failure, scene).to.include({ failureClass: 'SCENE_UNREADABLE' });
      expect(failure.reason, scene)
        .to.match(/\w+ \w+/)
        .and.not.to.include('/given');
    }
  });

  it('says which scenes there are when the one asked for is not, and which engine does not work here', async () => {
    expect(await refused('two-scenes', { scene: 'Third' })).to.deep.include({
      failureClass: 'SCENE_UNREADABLE',
      reason: 'no scene Third; the file has: First, Other',
    });
    expect(await refused('moving', { engine: 'BLENDER_WORKBENCH' })).to.deep.include({
      failureClass: 'ENGINE_UNAVAILABLE',
      names: ['BLENDER_WORKBENCH'],
    });
  });

  it('fails a frame with what Blender says, and renders on', async () => {
    const scene = await open('no-camera');
    for (const number of [1, 2]) {
      const outcome = await scene.run({ key: `frames/${number}` }, running());
      expect(outcome).to.include({ kind: 'failed', failureClass: 'RENDER_ERROR' });
      expect(outcome)
        .to.have.property('reason')
        .that.matches(/camera/i);
      expect(outcome).to.have.property('log').that.includes('Read blend');
    }
  });

  it('runs no Python of the file, writes no file but the picture, and says that scripts were left out', async () => {
    const scene = await open('scripted');
    const result = await frame(scene, 1);
    expect(result.notes.join()).to.match(/^scripts in the file were not run/);
    const failure = await scene.run({ key: 'frames/x' }, running());
    expect(failure).to.include({ failureClass: 'AGENT_ERROR' });
    const scenes = join(folder, 'engine/scenes');
    const left = await Promise.all((await readdir(scenes)).map((name) => readdir(join(scenes, name, 'work'))));
    expect(left.flat().filter((name) => /evil|stolen/.test(name))).to.deep.equal([]);
  });

  it('stops a frame within a second when it is cancelled, and leaves no process behind', async () => {
    expect(await blenders()).to.deep.equal([]);
    const scene = await open('slow');
    const cancel = new AbortController();
    const rendering = scene.run({ key: 'frames/1' }, running(cancel.signal));
    const [pid = 0] = await blenders();
    await eventually(async () => expect(await busy(pid)).to.equal(true), { withinMs: 10_000 });
    const asked = performance.now();
    cancel.abort();
    expect(await rendering).to.deep.equal({ kind: 'cancelled' });
    expect(performance.now() - asked).to.be.below(1_000);
    expect(await blenders()).to.deep.equal([]);
  });

  it('replaces a renderer that is killed in the middle of a frame', async () => {
    const scene = await open('slow');
    const rendering = scene.run({ key: 'frames/1' }, running());
    const [pid = 0] = await blenders();
    await eventually(async () => expect(await busy(pid)).to.equal(true), { withinMs: 10_000 });
    process.kill(pid, 'SIGKILL');
    expect(await rendering).to.include({ kind: 'failed', failureClass: 'RENDERER_DIED' });
    await scene.close();

    const quick = await open('moving');
    const { pixelHash } = await frame(quick, 1);
    const [next = 0] = await blenders();
    process.kill(next, 'SIGKILL');
    expect((await frame(quick, 1)).pixelHash).to.equal(pixelHash);
  });

  it('ends a renderer that takes too long or stands still, and says which', async () => {
    const scene = await open('slow', { frameTimeoutMs: 700 });
    expect(await scene.run({ key: 'frames/1' }, running())).to.include({
      failureClass: 'TIMEOUT',
      reason: 'not done after 1 s',
    });
    const still = await open('slow', { progressTimeoutMs: 4_000 });
    const rendering = still.run({ key: 'frames/1' }, running());
    const [pid = 0] = await blenders();
    process.kill(pid, 'SIGSTOP');
    expect(await rendering).to.include({ failureClass: 'TIMEOUT', reason: 'no progress for 4 s' });
    expect(await blenders()).to.deep.equal([]);
  });

  it('ends a renderer that uses more memory than it may', async () => {
    const small = await createBlenderEngine({
      ...options(),
      folder: join(folder, 'small'),
      memoryBytes: 64 * 1024 ** 2,
    });
    const scene = await small.open(job('slow'), going);
    const outcome = scene.kind === 'opened' ? await scene.run({ key: 'frames/1' }, running()) : scene;
    expect(outcome).to.include({ kind: 'failed', failureClass: 'OUT_OF_MEMORY' });
    if (scene.kind === 'opened') {
      await scene.close();
    }
  });
});

/** Whether a process has used a processor for half a second since it was started. */
const busy = async (pid: number): Promise<boolean> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) > 150;
};
