import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import { makeProject } from '#libs/blend/fixtures/scenes.ts';
import { BlobServiceService, type UploadRequest } from '#libs/contracts/blob.ts';
import {
  createTestClient,
  customerFile,
  failureOf,
  needs,
  tempDir,
  type TempDir,
  uploadOf,
} from '#libs/testing/index.ts';
import { loadContext } from '../context.ts';
import { sharedMesh, type SharedMesh } from '../fixtures/shared-mesh.ts';
import { jsonLines, type Said } from '../fixtures/test-cli.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;
const PLAIN = '--background --factory-startup --disable-autoexec -noaudio'.split(' ');

describe('rendering a whole project', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let mesh: SharedMesh;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const pixels = (file: string): Promise<Buffer> => sharp(file).raw().toBuffer();
  /** Renders into the folder `out`. */
  const render = (out: string, ...argv: string[]) =>
    mesh.musterJson('render', ...argv, '--out', at(out));
  const inputOf = ({ code, stderr, lines }: Said & { lines: Record<string, unknown>[] }) => {
    expect(code, stderr).to.equal(0);
    return lines.at(-1)?.['input'];
  };
  const refusalOf = ({ code, stderr }: Said): unknown => {
    expect(code).to.equal(1);
    return jsonLines(stderr).at(-1)?.['error'];
  };

  before(needs('blender', 'bwrap', 'ffmpeg'));
  before(async () => {
    dir = await tempDir();
    const direct = async (): Promise<void> => {
      await makeProject(at('film'));
      const output = ['--render-output', at('direct_####'), '--render-format', 'PNG'];
      await run('blender', [...PLAIN, at('film/shots/shot.blend'), ...output, '--render-anim']);
    };
    [mesh] = await Promise.all([sharedMesh(), direct()]);
  });
  after(async () => dir?.[Symbol.asyncDispose]());

  it('gives the pixels of Blender alone, on machines that have none of its files', async () => {
    const input = inputOf(await render('first', at('film'), '--blend', 'shot'));
    expect(input).to.include({ thereFiles: 0, missingFiles: 0 });
    expect(input).to.have.property('files').that.is.greaterThan(20);
    for (const frame of ['0001', '0002']) {
      const [ours, direct] = [at(`first/frame_${frame}.png`), at(`direct_${frame}.png`)];
      expect((await pixels(ours)).equals(await pixels(direct)), frame).to.equal(true);
    }
  });

  it('sends of a changed project only what changed', async () => {
    const { width, height } = { width: 8, height: 8 };
    const white = { create: { width, height, channels: 3, background: 'white' } } as const;
    const changed = await sharp(white).png().toBuffer();
    await cp(at('film'), at('film-2'), { recursive: true });
    await writeFile(at('film/tex/wood.png'), changed);
    const input = inputOf(await render('second', at('film'), '--blend', 'shot', '--frames', '1'));
    expect(input).to.include({ sentFiles: 1, sentBytes: changed.length });
    const [ours, direct] = [at('second/frame_0001.png'), at('direct_0001.png')];
    expect((await pixels(ours)).equals(await pixels(direct))).to.equal(false);
  });

  it('sends only the rest of a file whose upload was cut off, and says so', async () => {
    const raw = { width: 2_048, height: 2_048, channels: 3 } as const;
    const bytes = await sharp(randomBytes(12 * MIB), { raw })
      .png({ compressionLevel: 0 })
      .toBuffer();
    await writeFile(at('film/tex/wood.png'), bytes);
    const env = { home: dir.path, context: mesh.env.MUSTER_CONTEXT };
    const { endpoints, tokens } = await loadContext(undefined, dir.path, env);
    const caller = { target: endpoints.blob ?? '', token: tokens.customer ?? '' };
    using blobs = createTestClient(BlobServiceService, caller);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { sha256, sizeBytes: bytes.length };
    const header = { ...customerFile(), ...file };
    function* broken(): Generator<UploadRequest> {
      yield* uploadOf(header, bytes.subarray(0, 9 * MIB), MIB);
      // A second header ends it after exactly these bytes.
      yield* uploadOf(header, Buffer.alloc(0));
    }
    expect((await failureOf(blobs.upload(broken())))?.reason).to.equal('INVALID_FIELDS');
    const argv = ['render', at('film'), '--blend', 'shot', '--frames', '1', '--no-wait'];
    const said = await mesh.muster(...argv);
    expect(said.code, said.stderr).to.equal(0);
    expect(said.stdout).to.match(/wood\.png goes on after 8\.0 MiB, where it was cut off/);
  });

  it('takes a zip file, and finds in it what the .blend names by another place', async () => {
    await run('python3', ['-m', 'zipfile', '-c', at('film.zip'), '.'], { cwd: at('film-2') });
    // The .blend names wood.png by this folder.
    await rm(at('film'), { recursive: true });
    const said = await render('third', at('film.zip'), '--blend', 'shot', '--frames', '1');
    expect(inputOf(said)).to.include({ sentFiles: 0, missingFiles: 0 });
    expect(said.stderr).to.include('wood.png as tex/wood.png');
    const [ours, direct] = [at('third/frame_0001.png'), at('direct_0001.png')];
    expect((await pixels(ours)).equals(await pixels(direct))).to.equal(true);
  });

  it('lets files outside of the folder of a .blend go along only where that was asked for', async () => {
    const shot = at('film-2/shots/shot.blend');
    const refused = refusalOf(await mesh.musterJson('render', shot));
    expect(refused).to.include({ reason: 'OUTSIDE_PROJECT' });
    expect(refused)
      .to.have.property('message')
      .that.includes(`--include ${at('film-2')}`);
    const wood = ['--allow-missing', 'wood.png', '--frames', '1'];
    const said = await render('fourth', shot, '--include', at('film-2'), ...wood);
    expect(inputOf(said)).to.include({ sentFiles: 0, missingFiles: 1 });
  });

  it('refuses a project of which a file is missing that is shown, and sends nothing', async () => {
    await rm(at('film-2/tex/seq_0001.png'));
    await rm(at('film-2/sound/hum.wav'));
    await rm(at('film-2/lights/spot.ies'));
    const refused = refusalOf(await mesh.musterJson('render', at('film-2'), '--blend', 'shot'));
    expect(refused).to.include({ reason: 'MISSING_ASSETS' });
    expect(refused).to.have.property('message').that.includes('spot.ies').and.not.includes('hum');
  });
});
