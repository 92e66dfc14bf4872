import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { machineMemory } from '#libs/programs/index.ts';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { spawnMuster } from './fixtures/muster-process.ts';
import { sharedMesh, type SharedMesh } from './fixtures/shared-mesh.ts';
import { jsonLines } from './fixtures/test-cli.ts';
import { partPath } from './workload/parts.ts';

const run = promisify(execFile);

/**
 * Frames 0 to 5 of a turning cube, 64×36, one sample; then two of them for both eyes, with a File Output node, that are to become
 * a movie; then the same with a texture whose file is nowhere.
 */
const sceneScript = (path: string, moviePath: string, lostPath: string): string => `
import bpy
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 36, 100
scene.frame_start, scene.frame_end = 0, 5
cube = bpy.data.objects['Cube']
for frame in (0, 5):
    cube.rotation_euler = (0, 0, frame)
    cube.keyframe_insert('rotation_euler', frame=frame)
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(path)})
render = scene.render
render.use_multiview, scene.use_nodes, scene.frame_end = True, True, 1
render.image_settings.file_format, render.fps = 'FFMPEG', 12
output = scene.node_tree.nodes.new('CompositorNodeOutputFile')
output.format.file_format = 'TIFF'
scene.node_tree.links.new(scene.node_tree.nodes['Render Layers'].outputs['Image'], output.inputs[0])
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(moviePath)})
render.use_multiview, scene.use_nodes, scene.frame_end = False, False, 5
render.image_settings.file_format = 'PNG'
image = bpy.data.images.new('lost', 8, 8)
image.source = 'FILE'
image.filepath = '//textures/wood.png'
nodes = cube.data.materials[0].node_tree
texture = nodes.nodes.new('ShaderNodeTexImage')
texture.image = image
nodes.links.new(texture.outputs['Color'], nodes.nodes['Principled BSDF'].inputs['Base Color'])
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(lostPath)})
`;

describe('muster against a whole mesh', function () {
  this.timeout(120_000);
  let mesh: SharedMesh;
  let scenes: TempDir;
  const at = (name: string): string => join(mesh.dir, name);
  const muster = (...argv: string[]) => mesh.muster(...argv);
  const musterJson = (...argv: string[]) => mesh.musterJson(...argv);
  const spawnWatch = (...argv: string[]) =>
    spawnMuster(['watch', ...argv], { cwd: mesh.dir, env: mesh.env });
  const makeScenes = async (): Promise<void> => {
    scenes = await tempDir();
    const script = join(scenes.path, 'scenes.py');
    await writeFile(
      script,
      sceneScript(
        join(scenes.path, 'scene.blend'),
        join(scenes.path, 'movie.blend'),
        join(scenes.path, 'lost.blend'),
      ),
    );
    await run('blender', [
      '--background',
      '--factory-startup',
      '--python-exit-code',
      '1',
      '--python',
      script,
    ]);
  };
  const startNoop = async (noop: object): Promise<string> => {
    const { code, lines, stderr } = await musterJson(
      'call',
      'WorkloadService/StartWorkload',
      JSON.stringify({ noop }),
    );
    expect(code, stderr).to.equal(0);
    const [{ workload } = { workload: {} }] = lines;
    return String((workload as Record<string, unknown>)['workloadId']);
  };

  before(needs('blender', 'bwrap'));
  before(async () => {
    [mesh] = await Promise.all([sharedMesh(), makeScenes()]);
    for (const name of ['scene.blend', 'movie.blend', 'lost.blend']) {
      await rename(join(scenes.path, name), at(name));
    }
  });
  after(() => scenes?.[Symbol.asyncDispose]());

  it('lists the agents of `up` as users by their names', async () => {
    const { lines } = await musterJson('users');
    const [users] = lines;
    expect(
      Array.isArray(users) && users.map((user: { name: string }) => user.name).sort(),
    ).to.deep.equal(['agent-1', 'agent-2']);
  });

  it('gives the agents of `up` equal shares of the memory of the machine that they are on', async () => {
    const { lines } = await musterJson('users');
    const users = lines[0] as unknown as { capability: { memoryBytes: string } }[];
    const shares = users.map(({ capability }) => Number(capability.memoryBytes));
    expect(shares).to.deep.equal(Array(2).fill(Math.floor(machineMemory() / 2)));
  });

  it('renders a scene that begins at frame 0, and tells started, progress and completed in this order', async () => {
    const { code, lines, stderr } = await musterJson('render', 'scene.blend', '--out', 'frames');
    expect(code, stderr).to.equal(0);
    expect(lines[0]).to.include({ event: 'started', total: 6, first: 0, last: 5 });
    const last = lines.at(-1);
    expect(last).to.include({
      event: 'completed',
      workload: lines[0]?.['workload'],
      frames: 6,
      failed: 0,
    });
    const users = last?.['users'];
    expect(
      typeof users === 'object' &&
        users !== null &&
        Object.values(users).reduce((a, b) => a + Number(b), 0),
    ).to.equal(6);
    const progress = lines.filter(({ event }) => event === 'progress');
    expect(progress.at(-1)).to.include({ completed: 6, failed: 0, total: 6 });
    const counts = progress.map(({ completed }) => Number(completed));
    expect(counts).to.deep.equal([...counts].sort((a, b) => a - b));
    const pictures = [0, 1, 2, 3, 4, 5].map((frame) => `frame_000${frame}.png`);
    expect((await readdir(at('frames'))).sort()).to.deep.equal(['contact-sheet.png', ...pictures]);
    expect(await sharp(at('frames/frame_0003.png')).metadata()).to.include({
      width: 64,
      height: 36,
      format: 'png',
    });
    const log = await muster('log', String(lines[0]?.['workload']), '0');
    expect(log.stderr).to.match(/^muster: frames\/0, attempt \S+ by agent-[12], done /);
  });

  it('fetches the results of a finished workload again, in another format and smaller', async () => {
    const options = ['--frames', '2-3', '--format', 'JPEG', '--scale', '50', '--out', 'small'];
    const said = await muster('render', 'scene.blend', ...options);
    expect(said.code, said.stderr).to.equal(0);
    expect(said.stdout).to.include('2 frames in ');
    const [id = ''] = /w-[a-z0-9]+/.exec(said.stdout) ?? [];
    expect((await muster('results', id, '--out', 'again')).code).to.equal(0);
    expect((await readdir(at('again'))).sort()).to.deep.equal(['frame_0002.jpg', 'frame_0003.jpg']);
    const one = await muster('results', id, '--frames', '3', '--out', 'one');
    expect(one.code, one.stderr).to.equal(0);
    expect(await readdir(at('one'))).to.deep.equal(['frame_0003.jpg']);
    const listed = await musterJson('results', id, '--frames', '3');
    expect(listed.lines[0]).to.have.lengthOf(1).and.have.nested.property('[0].task', 'frames/3');
    const unknown = await muster('results', id, '--frames', '3-5', '--out', 'none');
    expect([unknown.code, unknown.stderr]).to.deep.equal([
      2,
      `muster: workload ${id} has no frame 4-5; choose some of 2-3 (INVALID_ARGUMENT, FRAMES_UNKNOWN)\n`,
    ]);
    const same = await Promise.all(
      ['small', 'again'].map((name) => readFile(at(`${name}/frame_0002.jpg`))),
    );
    expect(same[0]?.equals(same[1] ?? Buffer.alloc(0))).to.equal(true);
    const [whole = Buffer.alloc(0)] = same;
    const sha256 = hash('sha256', await readFile(at('again/frame_0003.jpg')));
    await writeFile(at('again/frame_0009.jpg'), 'of another scene');
    await writeFile(at('again/frame_0002.jpg'), 'of another scene');
    await rename(at('again/frame_0003.jpg'), at('third'));
    const half = (await readFile(at('third'))).subarray(0, 200);
    await writeFile(partPath(at('again/frame_0003.jpg'), sha256), half);
    const mixed = await muster('results', id, '--out', 'again');
    expect(mixed.stderr).to.equal(
      [
        `muster: 1 file in ${at('again')} is of other work: frame_0009.jpg`,
        `muster: ${at('again/frame_0002.jpg')} has other bytes than the result, which takes its place`,
        `muster: replaced 1 earlier file in ${at('again')}: frame_0002.jpg`,
        '',
      ].join('\n'),
    );
    const now = (await readdir(at('again'))).sort();
    expect(now).to.deep.equal(['frame_0002.jpg', 'frame_0003.jpg', 'frame_0009.jpg']);
    expect((await readFile(at('again/frame_0002.jpg'))).equals(whole)).to.equal(true);
    const third = await readFile(at('again/frame_0003.jpg'));
    expect(third.equals(await readFile(at('third')))).to.equal(true);
    expect(await sharp(at('again/frame_0002.jpg')).metadata()).to.include({
      width: 32,
      height: 18,
      format: 'jpeg',
    });
  });

  it('says before it renders into a folder that holds other frames, and at the end', async () => {
    await mkdir(at('shared'));
    for (const frame of ['frame_0001.png', 'frame_0007.png']) {
      await writeFile(at(`shared/${frame}`), 'of another scene');
    }
    const options = ['--frames', '1', '--scale', '50', '--out', 'shared'];
    const { code, lines, stderr } = await musterJson('render', 'scene.blend', ...options);
    expect(code, stderr).to.equal(0);
    const directory = at('shared');
    expect(stderr).to.include(
      `muster: ${directory} holds 2 earlier files: frame_0001.png, frame_0007.png;`,
    );
    expect(lines[0]).to.include({ event: 'started' });
    const files = ['frame_0001.png', 'frame_0007.png'];
    const warning = { event: 'warning', reason: 'OUT_HOLDS_FRAMES', directory, count: 2, files };
    expect(lines[1]).to.deep.equal(warning);
    expect(lines.at(-1)).to.deep.include({
      mixed: {
        directory,
        replaced: { count: 1, files: ['frame_0001.png'] },
        others: { count: 1, files: ['frame_0007.png'] },
      },
    });
  });

  it('starts and returns with --no-wait, and can be watched afterwards', async () => {
    const limits = ['--frame-timeout', '2m', '--progress-timeout', '90s'];
    const options = ['--frames', '1', '--no-wait', ...limits];
    const { code, lines } = await musterJson('render', 'scene.blend', ...options);
    expect([code, lines.length]).to.deep.equal([0, 1]);
    // An earlier test sent these bytes already.
    expect(lines[0]).to.have.property('input').that.includes({ sentFiles: 0, thereFiles: 1 });
    const shown = await musterJson('show', String(lines[0]?.['workload']));
    expect(shown.lines[0]?.['workload']).to.have.property('render').that.includes({
      frameTimeout: '120s',
      progressTimeout: '90s',
    });
    const watched = await musterJson('watch', String(lines[0]?.['workload']));
    expect(watched.code, watched.stderr).to.equal(0);
    expect(watched.lines.at(-1)).to.include({ event: 'completed', frames: 1 });
  });

  it('speaks of steps where a workload has several', async () => {
    const after_ = [{ node: 'mesh' }];
    const nodes = [
      { id: 'mesh', tasks: 3 },
      { id: 'solve', tasks: 3, after: after_ },
    ];
    const id = await startNoop({
      nodes,
      durationMs: 20,
      resultBytes: 8,
      failingTasks: 'solve/1',
      maxFailures: 1,
    });
    const watched = await musterJson('watch', id);
    expect(watched.code).to.equal(1);
    expect(watched.lines.at(-1)).to.include({ event: 'failed', frames: 5, failed: 1 });
    expect((await muster('workloads')).stdout).to.include('noop, 6 tasks in 2 steps');
    expect((await muster('show', id)).stdout).to.match(/^mesh +3\/3 +0 +0$\n^solve +2\/3 +1 +0$/m);
    expect((await muster('results', id, '--out', 'steps')).stdout).to.include('5 tasks in ');
    const files = await readdir(at('steps'), { recursive: true });
    const named = [
      'mesh/0000.bin',
      'mesh/0001.bin',
      'mesh/0002.bin',
      'solve/0000.bin',
      'solve/0002.bin',
    ];
    expect(files.sort()).to.deep.equal(['mesh', ...named.slice(0, 3), 'solve', ...named.slice(3)]);
    const some = await muster('results', id, '--tasks', 'mesh/1,solve/0-1', '--out', 'some');
    expect([some.code, some.stderr]).to.deep.equal([
      1,
      `muster: no result yet of task solve/1; how the workload stands: muster show ${id}\n`,
    ]);
    const chosen = ['mesh', 'mesh/0001.bin', 'solve', 'solve/0000.bin'];
    expect((await readdir(at('some'), { recursive: true })).sort()).to.deep.equal(chosen);
    expect((await muster('log', id, '1')).code).to.equal(5);
    expect((await muster('retry', id, '--tasks', '1')).code).to.equal(2);
    expect((await muster('retry', id, '--tasks', 'solve/1', '--frames', 'solve/1')).code).to.equal(
      2,
    );
    const retried = await muster('retry', id, '--tasks', 'solve/1');
    expect(retried.stdout, retried.stderr).to.include('1 task to do');
    expect((await musterJson('watch', id)).lines.at(-1)).to.include({
      event: 'failed',
      frames: 5,
      failed: 1,
    });
  });

  it('speaks of commands and options where the mesh refuses, and of rpcs to those who call them', async () => {
    const workload = await startNoop({ tasks: 2, durationMs: 0 });
    await muster('watch', workload);
    for (const [argv, said] of [
      [['show', 'w-nope'], 'no workload w-nope; list them with `muster workloads` ('],
      [['log', 'w-nope', '3'], 'no workload w-nope; list them with `muster workloads` ('],
      [['log', workload, '2'], `has no task 2; list them with \`muster show ${workload}\` (`],
      [['retry', workload, '--frames', '99'], '--frames: workload '],
      [['retry', workload, '--frames', '99'], 'has no frame 99; see `muster show ID` ('],
      [['call', 'WorkloadService/GetWorkload', '{"workloadId":"w-nope"}'], 'with ListWorkloads ('],
    ] as const) {
      expect((await muster(...argv)).stderr, argv.join(' ')).to.include(said);
    }
  });

  it('ends with 2 for a file that is not a scene', async () => {
    await writeFile(at('text.blend'), 'this is a text that somebody named like a scene\n');
    await writeFile(at('empty.blend'), '');
    for (const name of ['text.blend', 'empty.blend']) {
      expect((await muster('render', name)).code, name).to.equal(2);
    }
  });

  it('ends with 1 and their names when pictures did not travel, unless they may be missing', async () => {
    const refused = await musterJson('render', 'lost.blend', '--frames', '1');
    expect(refused.code).to.equal(1);
    const error = jsonLines(refused.stderr).at(-1)?.['error'];
    expect(error).to.include({ code: 'FAILED_PRECONDITION', reason: 'MISSING_ASSETS' });
    expect(error).to.have.property('message').that.includes('wood.png');
    expect((await muster('render', 'lost.blend', '--allow-missing', '*.jpg')).code).to.equal(1);
    const pink = ['--frames', '1', '--out', 'pink', '--allow-missing'];
    const allowed = await musterJson('render', ...pink, 'lost.blend');
    expect(allowed.code, allowed.stderr).to.equal(0);
    expect(allowed.lines.at(-1)?.['input']).to.include({ files: 1, missingFiles: 1 });
    expect(JSON.stringify(allowed.lines.at(-1)?.['notes'])).to.include('rendered without');
    const latin1 = (await readFile(at('lost.blend'), 'latin1')).replaceAll(
      'wood.png',
      'w\xF6od.png',
    );
    await writeFile(at('raw.blend'), latin1, 'latin1');
    const raw = await muster('render', 'raw.blend', '--frames', '1');
    expect([raw.code, raw.stderr]).to.deep.include(1);
    expect(raw.stderr).to.include('w\\xf6od.png; a name with \\x… is not UTF-8');
    const rawAllowed = await muster('render', ...pink, 'w*od.png', '--', 'raw.blend');
    expect(rawAllowed.code, rawAllowed.stderr).to.equal(0);
    const some = await muster('render', 'lost.blend', ...pink, 'wood.*');
    expect(some.code, some.stderr).to.equal(0);
  });

  it('has what the file says: both eyes, the files of nodes, a film for each eye, and who rendered it', async () => {
    const { code, lines, stderr } = await musterJson('render', 'movie.blend', '--out', 'said');
    expect(code, stderr).to.equal(0);
    const eyes = ['_L', '_R'];
    const frames = ['frame_0000', 'frame_0001'].flatMap((frame) =>
      eyes.flatMap((eye) => [`${frame}${eye}.png`, `${frame}.File_Output-Image${eye}.tif`]),
    );
    const films = eyes.map((eye) => `movie${eye}.mp4`);
    expect((await readdir(at('said'))).sort()).to.deep.equal(
      [...frames, ...films, 'contact-sheet.png'].sort(),
    );
    const { workload, notes } = lines.at(-1) as { workload: string; notes: object[] };
    expect(notes).to.deep.equal([
      { text: 'the file names the movie format FFMPEG: frames are PNG', results: 2 },
    ]);
    // Once, before anything is sent.
    expect(stderr.match(/the file names .*: frames are PNG/g)).to.deep.equal([
      'the file names a movie format: frames are PNG',
    ]);
    const frame = lines.find(({ event }) => event === 'frame');
    expect(frame).to.have.property('further').that.has.length(3);
    const used = { engine: 'CYCLES', version: '3.4.1', device: 'CPU' };
    expect(frame).to.deep.include({ used });
    const shown = (await muster('show', workload)).stdout;
    expect(shown).to.match(/rendered by +CYCLES of 3\.4\.1 on CPU/);
    expect(shown).to.include('note: the file names the movie format');

    const further = at('said/frame_0001.File_Output-Image_R.tif');
    const bytes = await readFile(further);
    await writeFile(further, 'rubbish');
    expect((await muster('results', workload, '--out', 'said')).code).to.equal(0);
    expect((await readFile(further)).equals(bytes)).to.equal(true);
    const gone = await muster('render', 'scene.blend', '--camera', 'Gone');
    expect([gone.code, gone.stderr]).to.deep.equal([
      2,
      'muster: the scene Scene has no camera Gone; choose one of: Camera (INVALID_ARGUMENT, CAMERA_UNKNOWN)\n',
    ]);
  });

  it('goes on through a supervisor that is killed while it watches', async () => {
    const id = await startNoop({ tasks: 60, durationMs: 100 });
    const watching = spawnWatch(id, '--json');
    await new Promise<void>((resolve) =>
      watching.process.stdout?.on('data', (text: string) => {
        if (/"completed":[1-9]/.test(text)) {
          resolve();
        }
      }),
    );
    process.kill((await mesh.processes())['session-supervisor-1'] ?? 0, 'SIGKILL');
    const { code, stdout, stderr } = await watching.ended;
    expect(code, stderr).to.equal(0);
    expect(jsonLines(stdout).at(-1)).to.include({ event: 'completed', frames: 60 });
  });

  it('waits in the queue when the plan is full, or ends with 1; with 130 on Ctrl-C, and the workload goes on until it is stopped', async () => {
    const id = await startNoop({ tasks: 1_000, durationMs: 1_000 });
    await writeFile(
      at('unsent.blend'),
      `${await readFile(at('scene.blend'), 'latin1')}unsent`,
      'latin1',
    );
    const second = await muster('render', 'unsent.blend', '--no-queue', '--json');
    expect(second.code).to.equal(1);
    expect(jsonLines(second.stderr).at(-1)?.['error']).to.include({
      code: 'ALREADY_EXISTS',
      reason: 'WORKLOAD_ALREADY_RUNNING',
    });
    const objects = await muster('call', 'ObjectService/ListObjects', '{"pageSize": 1000}');
    expect(objects.stdout).to.include('"objects"').and.not.include('"unsent.blend"');
    const queued = spawnMuster(['render', 'scene.blend', '--out', 'queued', '--json'], {
      cwd: mesh.dir,
      env: mesh.env,
    });
    const isTold = (text: string): boolean => text.includes('"QUEUED"') && text.includes(id);
    await new Promise<void>((resolve) =>
      queued.process.stdout?.on('data', (text: string) => (isTold(text) ? resolve() : undefined)),
    );

    const watching = spawnWatch(id);
    await new Promise((resolve) => watching.process.stdout?.once('data', resolve));
    watching.process.kill('SIGINT');
    const interrupted = await watching.ended;
    expect(interrupted.code).to.equal(130);
    expect(interrupted.stderr).to.include(`muster watch ${id}`).and.to.include(`muster stop ${id}`);

    for (const [command, state] of [
      ['pause', 'PAUSED'],
      ['resume', 'RUNNING'],
    ] as const) {
      expect((await muster(command, id)).code).to.equal(0);
      expect((await musterJson('show', id)).stdout, command).to.include(`WORKLOAD_STATE_${state}`);
    }
    expect((await musterJson('users-wanted', id, '1')).lines[0]).to.include({
      wanted: 1,
      effective: 1,
      sessionId: id,
    });
    expect((await musterJson('why', id)).lines[0]).to.include.keys('state', 'reasons');

    const watcher = spawnWatch(id, '--json');
    expect((await muster('stop', id)).code).to.equal(0);
    const stopped = await watcher.ended;
    expect(stopped.code).to.equal(1);
    expect(jsonLines(stopped.stdout).at(-1)).to.include({
      event: 'stopped',
      reason: 'STOPPED_BY_COMMAND',
    });
    expect((await muster('show', 'w-unknown')).code).to.equal(5);

    const turn = await queued.ended;
    expect(turn.code, turn.stderr).to.equal(0);
    const events = jsonLines(turn.stdout);
    expect(events[0]).to.include({ event: 'started', queued: true });
    expect(events.at(-1)).to.include({ event: 'completed', frames: 6 });
  });
});
