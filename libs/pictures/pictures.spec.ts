import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import { systemClock } from '#libs/clock/index.ts';
import { processTree } from '#libs/programs/index.ts';
import { commandLines, needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { findSandbox, type Sandbox } from '#libs/sandbox/index.ts';
import { isUniform, pixelHash, type Size } from './pixels.ts';
import { createDecoder, type PictureDecoder } from './decoder.ts';
import { checkPicture } from './verify.ts';

const run = promisify(execFile);
const WIDTH = 7;
const HEIGHT = 5;

/** A different value for every sample, because a swapped or lost one must show. */
const ramp = (channels: number): Buffer =>
  Buffer.from(Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => i));

const raw = (channels: 1 | 3 | 4, samples = ramp(channels)) =>
  sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels } });

const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  return bytes;
};
const hashOf = (head: Buffer, samples: Uint8Array): string =>
  createHash('sha256').update(head).update(samples).digest('hex');

/** A folder, and a decoder for all pictures of a suite. */
const around = () => {
  let folder: TempDir;
  let decoder: PictureDecoder;
  before(async () => {
    folder = await tempDir();
    const sandbox = await findSandbox({ noSandbox: false }).catch((): Sandbox => ({
      kind: 'none',
    }));
    decoder = createDecoder({ sandbox, clock: systemClock });
  });
  // There is nothing if the suite was skipped.
  after(async () => {
    await decoder?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });
  return {
    at: (name: string): string => join(folder.path, name),
    decoder: () => decoder,
    check: (file: string, expected: Size | undefined) => checkPicture(decoder, file, expected),
  };
};

describe('checkPicture', () => {
  const { at, check } = around();
  const verify = (file: string, width = WIDTH, height = HEIGHT) => check(file, { width, height });
  for (const channels of [1, 3, 4] as const) {
    it(`hashes size, channels, depth and samples of a PNG with ${channels} channels, as they are`, async () => {
      const file = at(`${channels}.png`);
      await raw(channels)
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png()
        .toFile(file);
      const expected = hashOf(numbers(WIDTH, HEIGHT, channels, 8), ramp(channels));
      expect(await verify(file)).to.deep.equal({
        kind: 'good',
        width: WIDTH,
        height: HEIGHT,
        pixelHash: expected,
        uniform: false,
      });
    });
  }

  it('hashes the samples of a 16-bit PNG as uint16, little endian', async () => {
    const samples = Uint16Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => 600 * i + 1);
    const file = at('16.png');
    await sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(file);
    expect(await verify(file)).to.deep.equal({
      kind: 'good',
      width: WIDTH,
      height: HEIGHT,
      pixelHash: hashOf(numbers(WIDTH, HEIGHT, 3, 16), new Uint8Array(samples.buffer)),
      uniform: false,
    });
  });

  it('gives files with equal pixels equal hashes, whatever else they contain', async () => {
    const [a, b] = [at('a.png'), at('b.png')];
    await raw(3).png({ compressionLevel: 0 }).toFile(a);
    await raw(3)
      .png({ compressionLevel: 9 })
      .withExif({ IFD0: { Copyright: 'somebody' } })
      .toFile(b);
    expect(await readFile(a)).not.to.deep.equal(await readFile(b));
    expect(await verify(a)).to.deep.equal(await verify(b));
  });

  it('hashes the pixels of a JPEG as the decoder gives them', async () => {
    const file = at('a.jpg');
    await raw(3).jpeg().toFile(file);
    const samples = await sharp(file).raw().toBuffer();
    const expected = hashOf(numbers(WIDTH, HEIGHT, 3, 8), samples);
    expect(await verify(file)).to.deep.equal({
      kind: 'good',
      width: WIDTH,
      height: HEIGHT,
      pixelHash: expected,
      uniform: false,
    });
  });

  it('hashes the samples of a TIFF with 16 bits, and of a WebP, as the decoder gives them', async () => {
    const samples = Uint16Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => 600 * i + 1);
    const tiff = at('16.tif');
    await sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .toColourspace('rgb16')
      .tiff({ compression: 'deflate' })
      .toFile(tiff);
    expect(await verify(tiff)).to.include({
      kind: 'good',
      pixelHash: hashOf(numbers(WIDTH, HEIGHT, 3, 16), new Uint8Array(samples.buffer)),
    });
    const webp = at('a.webp');
    await raw(3).webp({ lossless: true }).toFile(webp);
    const expected = hashOf(numbers(WIDTH, HEIGHT, 3, 8), ramp(3));
    expect(await verify(webp)).to.include({ kind: 'good', pixelHash: expected });
  });

  it('accepts a picture of one colour, and says so', async () => {
    const file = at('black.png');
    await raw(3, Buffer.alloc(WIDTH * HEIGHT * 3))
      .png()
      .toFile(file);
    expect(await verify(file)).to.include({ kind: 'good', uniform: true });
  });

  it('refuses a file that is missing, empty, a link, not a picture or truncated, and says which', async () => {
    const whole = at('whole.png');
    await sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        noise: { type: 'gaussian' },
        background: 'red',
      },
    })
      .png()
      .toFile(whole);
    const size = (await readFile(whole)).length;
    const write = async (name: string, content: string | Buffer): Promise<string> => {
      await writeFile(at(name), content);
      return at(name);
    };
    await symlink(whole, at('link.png'));
    const half = await write('half.png', await readFile(whole));
    await truncate(half, Math.floor(size / 2));
    const cases: Array<[string, RegExp]> = [
      [at('nothing.png'), /there is no picture/],
      [await write('empty.png', ''), /there is no picture/],
      [at('link.png'), /there is no picture/],
      [await write('text.png', 'not a picture, though it says so'), /does not decode/],
      [half, /does not decode/],
      [await write('drawing.png', '<svg xmlns="http://www.w3.org/2000/svg"/>'), /is no png file/],
      [await write('moving.png', 'GIF89a'), /is no png file/],
      [await write('page.tif', '%PDF-1.7'), /is no tiff file/],
    ];
    for (const [file, reason] of cases) {
      const verdict = await verify(file, 200, 200);
      expect(verdict, file).to.have.property('kind', 'bad');
      expect(verdict).to.have.property('reason').that.matches(reason);
    }
  });

  it('refuses another size or format before it decodes anything', async () => {
    const file = at('size.png');
    await raw(3).png().toFile(file);
    expect(await verify(file, WIDTH + 1)).to.deep.equal({
      kind: 'bad',
      reason: 'the picture is 7×5 pixels, not 8×5',
    });
    const named = at('size.jpg');
    await copyFile(file, named);
    expect(await verify(named)).to.deep.equal({
      kind: 'bad',
      reason: 'the picture is png, not jpeg',
    });
  });

  it('refuses a small file that would unpack to a huge picture, and does not unpack it', async () => {
    const file = at('bomb.png');
    await sharp({ create: { width: 8_000, height: 8_000, channels: 3, background: 'black' } })
      .png({ compressionLevel: 9 })
      .toFile(file);
    const before_ = process.memoryUsage().rss;
    expect(await verify(file)).to.have.property('kind', 'bad');
    expect(process.memoryUsage().rss - before_).to.be.below(64 * 1024 ** 2);
  });
});

describe('a decoder', () => {
  const { at, check, decoder } = around();

  it('refuses a small picture in a long file, and reads none of it', async () => {
    const file = at('long.png');
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'black' } })
      .png()
      .toFile(file);
    await truncate(file, 209_000_000);
    expect(await check(file, { width: 64, height: 64 })).to.deep.equal({
      kind: 'bad',
      reason: 'the picture has 209000000 bytes; one of its size has at most 1085440',
    });
    // Without a size from outside, that in the file decides.
    await truncate(file, 2_000_000);
    expect(await check(file, undefined))
      .to.have.property('reason')
      .that.matches(/has 2000000 bytes; one of its size has at most/);
  });

  it('leaves the work on a large picture of one colour to its program', async () => {
    const file = at('black.png');
    const size = { width: 6_000, height: 6_000 };
    await sharp({ create: { ...size, channels: 3, background: 'black' } })
      .png()
      .toFile(file);
    const start = process.cpuUsage();
    expect(await check(file, size)).to.include({ kind: 'good', uniform: true });
    const { user, system } = process.cpuUsage(start);
    // A loop over the pixels took three seconds.
    expect((user + system) / 1_000).to.be.below(500);
  });

  it('goes on with the next picture where one ends its program', async () => {
    const file = at('next.png');
    await raw(3).png().toFile(file);
    const endingIt = async function* () {
      yield (await readFile(file)).subarray(0, 20);
      for (const [pid, line] of await commandLines(await processTree(process.pid))) {
        if (line.includes('pictures/program.ts')) {
          process.kill(pid, 'SIGKILL');
        }
      }
      yield Buffer.alloc(80);
    };
    const expected = { width: WIDTH, height: HEIGHT };
    const hostile = { bytes: endingIt(), sizeBytes: 100, extension: 'png', expected } as const;
    expect(await decoder().check(hostile)).to.deep.equal({
      kind: 'bad',
      reason: 'the picture does not decode: the decoder stops, it crashes',
    });
    expect(await check(file, expected)).to.have.property('kind', 'good');
  });
});

describe('a decoder of scenes', function () {
  this.timeout(60_000);
  before(needs('blender'));
  const { at, decoder } = around();

  it('tells the size that Blender’s pictures of a scene have, scaled and cropped', async () => {
    const script = `import bpy
render = bpy.context.scene.render
cycles = bpy.context.scene.cycles
render.engine, cycles.samples, cycles.use_denoising = "CYCLES", 1, False
render.resolution_x, render.resolution_y, render.resolution_percentage = 101, 67, 50
render.use_border = render.use_crop_to_border = True
render.border_min_x, render.border_max_y = 0.3, 0.77
render.filepath = ${JSON.stringify(at('cropped.png'))}
bpy.ops.render.render(write_still=True)
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(at('cropped.blend'))}, compress=True)
render.use_multiview = True
bpy.ops.wm.save_as_mainfile(filepath=${JSON.stringify(at('stereo.blend'))})`;
    const plain = ['--background', '--factory-startup', '--python-exit-code', '1'];
    await run('blender', [...plain, '--python-expr', script]);
    const sizeOf = async (name: string, scene = '', scalePercent = 0) => {
      const bytes = await readFile(at(name));
      const of = { sizeBytes: bytes.length, scene, scalePercent };
      return decoder().sceneSize({ ...of, bytes: Readable.from([bytes]) });
    };
    const { width, height } = await sharp(at('cropped.png')).metadata();
    expect(await sizeOf('cropped.blend')).to.deep.equal({ width, height });
    expect(await sizeOf('cropped.blend', 'Scene', 100)).to.deep.equal({ width: 71, height: 51 });
    expect(await sizeOf('cropped.blend', 'Other')).to.equal(undefined);
    expect(await sizeOf('stereo.blend')).to.equal(undefined);
    expect(await sizeOf('cropped.png')).to.equal(undefined);
  });
});

describe('checkPicture of OpenEXR', function () {
  before(needs('ffmpeg'));

  const { at, check } = around();
  /** An EXR file with these samples, interleaved. */
  const write = async (name: string, samples: Float32Array, channels: 3 | 4): Promise<string> => {
    const plane = (channel: number) => samples.filter((_, i) => i % channels === channel);
    const planes = (channels === 3 ? [1, 2, 0] : [1, 2, 0, 3]).map((channel) => plane(channel));
    await writeFile(at('raw'), Buffer.concat(planes.map(({ buffer }) => new Uint8Array(buffer))));
    const format = channels === 3 ? 'gbrpf32le' : 'gbrapf32le';
    const input = `-y -f rawvideo -pix_fmt ${format} -s ${WIDTH}x${HEIGHT} -i ${at('raw')} -c:v exr -format float`;
    await run('ffmpeg', [...input.split(' '), at(name)]);
    return at(name);
  };

  for (const channels of [3, 4] as const) {
    it(`hashes ${channels} channels as interleaved float32, little endian`, async () => {
      const samples = Float32Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => i / 7 - 1);
      const file = await write(`${channels}.exr`, samples, channels);
      expect(await check(file, { width: WIDTH, height: HEIGHT })).to.deep.equal({
        kind: 'good',
        width: WIDTH,
        height: HEIGHT,
        pixelHash: hashOf(numbers(WIDTH, HEIGHT, channels, 32), new Uint8Array(samples.buffer)),
        uniform: false,
      });
    });
  }

  it('refuses another size, a truncated file, and a file that is not OpenEXR', async () => {
    const file = await write('whole.exr', new Float32Array(WIDTH * HEIGHT * 3), 3);
    const verify = (path: string, width: number) => check(path, { width, height: HEIGHT });
    expect(await verify(file, WIDTH)).to.include({ kind: 'good', uniform: true });
    expect(await verify(file, WIDTH + 1)).to.have.property(
      'reason',
      'the picture is 7×5 pixels, not 8×5',
    );
    const whole = await readFile(file);
    for (const bytes of [whole.length - 1, whole.length - 40, 400, 100, 6]) {
      await writeFile(at('half.exr'), whole.subarray(0, bytes));
      expect(await verify(at('half.exr'), WIDTH), `${bytes} bytes`).to.have.property('kind', 'bad');
    }
    await writeFile(at('text.exr'), 'not a picture');
    expect(await verify(at('text.exr'), WIDTH)).to.have.property('kind', 'bad');
  });
});

describe('pixelHash and isUniform', () => {
  it('distinguish pictures with the same samples and another shape', () => {
    const samples = new Uint8Array(24);
    const shapes = [
      { width: 4, height: 2, channels: 3 as const },
      { width: 2, height: 4, channels: 3 as const },
      { width: 6, height: 1, channels: 4 as const },
    ];
    const hashes = shapes.map((shape) => pixelHash({ ...shape, bitDepth: 8, samples }));
    expect(new Set(hashes).size).to.equal(3);
  });

  it('notice a single pixel that differs by more than dithering, and treat one pixel as uniform', () => {
    const samples = new Uint8Array(300);
    const shape = { width: 10, height: 10, channels: 3 as const, bitDepth: 8 as const };
    expect(isUniform({ ...shape, samples })).to.equal(true);
    samples.set([1, 1, 1, 2, 2, 2], 60);
    expect(isUniform({ ...shape, samples })).to.equal(true);
    samples[299] = 3;
    expect(isUniform({ ...shape, samples })).to.equal(false);
    expect(
      isUniform({ ...shape, width: 1, height: 1, samples: Uint8Array.of(1, 200, 3) }),
    ).to.equal(true);
    const wide = new Uint8Array(Uint16Array.of(5, 5, 5, 5, 5, 6).buffer);
    expect(isUniform({ ...shape, width: 2, height: 1, bitDepth: 16, samples: wide })).to.equal(
      false,
    );
  });
});
