import { expect } from 'chai';
import { describe, it } from 'mocha';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { runCli } from '../fixtures/test-cli.ts';
import { inspect, type SceneChoice } from './inspect.ts';

const run = promisify(execFile);

/** Saves the open file with another format: `-- PATH`. */
const AS_BMP = `
import bpy, sys
bpy.context.scene.render.image_settings.file_format = 'BMP'
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`;

const NOTHING: SceneChoice = {
  scene: '',
  engine: '',
  frames: '',
  camera: '',
  viewLayer: '',
  device: 'cpu',
};

describe('inspect', () => {
  const at = usesScenes();
  const inspected = (name: string, choice: Partial<SceneChoice> = {}) =>
    inspect(at(name), { ...NOTHING, ...choice });
  const refusal = (name: string, choice: Partial<SceneChoice> = {}): Promise<string> =>
    inspected(name, choice).then(
      () => 'accepted',
      (error: unknown) => (isDomainError(error) ? error.reason : String(error)),
    );

  it('takes the frames of the scene that is rendered, with its step, unless others are named', async () => {
    expect(await inspected('scenes.blend')).to.include({ scene: 'Scene', frames: '1-20x5' });
    expect(await inspected('scenes.blend', { frames: '3' })).to.include({ frames: '3' });
    // Shot2 has no camera, but a range of its own.
    expect(await refusal('scenes.blend', { scene: 'Shot2' })).to.equal('NO_CAMERA');
  });

  it('knows every scene of the file, and says which there are', async () => {
    const choice = { scene: 'Shot3' };
    const error = await inspected('scenes.blend', choice).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: 'SCENE_UNKNOWN' });
    expect(String(error)).to.contain('Scene, Shot2');
  });

  it('says why frames cannot be split into tiles, where the file says it', async () => {
    const why = async (name: string, engine = '') => (await inspected(name, { engine }))?.whole;
    expect(await why('cameras.blend')).to.equal(undefined);
    // Debian's Blender cannot denoise, and splits them.
    expect(await why('denoised.blend')).to.match(/may not be split into tiles: .*denoise/);
    expect(await why('eevee.blend')).to.match(/will not be split into tiles: only Cycles/);
    expect(await why('eevee.blend', 'CYCLES')).to.equal(undefined);
  });

  it('refuses a scene without a camera, and one whose engine no machine has', async () => {
    expect(await refusal('no-camera.blend')).to.equal('NO_CAMERA');
    expect(await refusal('addon-engine.blend')).to.equal('ENGINE_UNKNOWN');
    expect(await refusal('addon-engine.blend', { engine: 'CYCLES' })).to.equal('accepted');
  });

  it('ends the command with 2 for whatever of the input cannot be rendered', async () => {
    for (const argv of [
      ['no-camera.blend'],
      ['addon-engine.blend'],
      ['scenes.blend', '--scene', 'Shot3'],
      ['cameras.blend', '--camera', 'Gone'],
      ['cameras.blend', '--view-layer', 'Gone'],
    ]) {
      const { code, stdout, stderr } = await runCli(['render', ...argv], { cwd: at('.') });
      expect([code, stdout], argv.join(' ')).to.deep.equal([2, '']);
      expect(stderr).to.match(/^muster: .*\(INVALID_ARGUMENT, [A-Z_]+\)\n$/);
    }
  });

  it('refuses a graphics card for an engine that draws with what the machine has', async () => {
    const eevee = (choice: Partial<SceneChoice>): Promise<string> =>
      inspected('eevee.blend', choice).then(() => 'accepted', String);
    expect(await eevee({})).to.equal('accepted');
    expect(await eevee({ device: 'gpu' })).to.contain('--device is for CYCLES');
    expect(await eevee({ device: 'both', engine: 'CYCLES' })).to.equal('accepted');
    expect(await refusal('packed.blend', { device: 'gpu' })).to.equal('accepted');
    expect(await refusal('packed.blend', { device: 'gpu', engine: 'BLENDER_WORKBENCH' })).to.equal(
      'USAGE',
    );
  });

  it('refuses a camera or a view layer that the scene does not have, and says which it has', async () => {
    const words = (choice: Partial<SceneChoice>): Promise<string> =>
      inspected('cameras.blend', choice).then(() => 'accepted', String);
    expect(await words({ camera: 'Close' })).to.equal('accepted');
    expect(await words({ camera: 'Gone' })).to.match(/CAMERA_UNKNOWN|choose one of: .*Close/);
    expect(await words({ viewLayer: 'Second' })).to.equal('accepted');
    expect(await words({ viewLayer: 'Gone' })).to.match(/choose one of: ViewLayer, Second/);
    // A scene without an active camera can be seen through a named one.
    expect(await refusal('no-camera.blend', { camera: 'Gone' })).to.equal('CAMERA_UNKNOWN');
  });

  it('knows the rate of a movie', async () => {
    expect(await inspected('movie.blend')).to.deep.include({
      isMovie: true,
      fps: { count: 30, base: Math.fround(1.001) },
    });
    expect(await inspected('packed.blend')).to.include({ isMovie: false });
  });

  it('says before it sends anything that frames are not in the format of the file', async () => {
    await run('blender', [
      '-b',
      at('packed.blend'),
      '--python-expr',
      AS_BMP,
      '--',
      at('bmp.blend'),
    ]);
    const told = async (...argv: string[]): Promise<string> =>
      (await runCli(['render', ...argv], { cwd: at('.') })).stderr;
    const note = 'the file names the format BMP, which is not delivered: PNG instead';
    expect(await told('bmp.blend'))
      .to.contain(note)
      .and.to.contain('NO_CONTEXT');
    expect(await told('bmp.blend', '--format', 'PNG')).not.to.contain(note);
    expect(await told('movie.blend')).to.contain('a movie format: frames are PNG');
    expect(await told('packed.blend')).not.to.contain('instead');
  });

  it('takes no camera for missing where nodes make the picture of another scene', async () => {
    expect(await refusal('composed.blend', { scene: 'Scene' })).to.equal('accepted');
  });

  it('refuses a file that was cut off, wherever that was and however it is compressed', async () => {
    const raw = await readFile(at('packed.blend'));
    for (const [how, whole] of Object.entries({
      raw,
      gzip: gzipSync(raw),
      zstd: zstdCompressSync(raw),
    })) {
      for (const size of [12, 20, 100, 3_000, Math.floor(whole.length / 2)]) {
        await writeFile(at('cut.blend'), whole.subarray(0, size));
        const { code, stderr } = await runCli(['render', 'cut.blend'], { cwd: at('.') });
        expect([code, stderr], `${size} bytes, ${how}`).to.deep.equal([
          2,
          `muster: ${at('cut.blend')}: the file was cut off: it ends before what Blender needs to open it; copy it again, or save it again in Blender (INVALID_ARGUMENT, BLEND_FILE_TRUNCATED)\n`,
        ]);
      }
    }
  });

  it('leaves what it cannot read to the mesh, and refuses what is no .blend', async () => {
    await writeFile(at('damaged.blend'), `BLENDER-v304${'\xFF'.repeat(100)}`, 'latin1');
    expect(await inspected('damaged.blend')).to.equal(undefined);
    await writeFile(at('text.blend'), 'version https://git-lfs.github.com/spec/v1\n');
    expect(await refusal('text.blend')).to.equal('NOT_A_BLEND_FILE');
    const pointer = await inspected('text.blend').catch(String);
    expect(pointer).to.include('git lfs pull');
    await writeFile(at('empty.blend'), '');
    expect(await refusal('empty.blend')).to.equal('BLEND_FILE_EMPTY');
  });
});
