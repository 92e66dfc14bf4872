import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import type { Pixels } from './pixels.ts';
import { previewOf } from './preview.ts';

/** A picture of one colour. */
const plain = (
  bitDepth: Pixels['bitDepth'],
  values: readonly number[],
  size = { width: 40, height: 30 },
): Pixels => {
  const all = Array.from({ length: size.width * size.height }, () => values).flat();
  const wide = { 8: Uint8Array, 16: Uint16Array, 32: Float32Array }[bitDepth].from(all);
  return {
    ...size,
    channels: values.length as Pixels['channels'],
    bitDepth,
    samples: new Uint8Array(wide.buffer),
  };
};

const colourOf = async (pixels: Pixels): Promise<number[]> => {
  const { data, info } = await sharp(await previewOf(pixels))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).to.deep.equal([40, 30, 3]);
  return [...data.subarray(0, 3)];
};

const expectColour = async (pixels: Pixels, expected: readonly number[]): Promise<void> => {
  const colour = await colourOf(pixels);
  colour.forEach((value, i) =>
    expect(value, `${colour.join()}, not ${expected.join()}`).to.be.closeTo(expected[i]!, 4),
  );
};

describe('previewOf', () => {
  it('shows 8 and 16 bits, colour and grey, as they are, and transparent pixels on the background', async () => {
    await expectColour(plain(8, [200, 100, 50]), [200, 100, 50]);
    await expectColour(plain(16, [200 * 257, 100 * 257, 50 * 257]), [200, 100, 50]);
    await expectColour(plain(8, [77]), [77, 77, 77]);
    await expectColour(plain(8, [224, 0]), [24, 24, 24]);
    await expectColour(plain(8, [224, 24, 124, 128]), [124, 24, 74]);
  });

  it('shows linear light as screens do, and light beyond white as brighter than white’s edge', async () => {
    await expectColour(plain(32, [0.214, 0.214, 0.214]), [127, 127, 127]);
    await expectColour(plain(32, [0, 1, 100]), [0, 246, 255]);
    await expectColour(plain(32, [Number.NaN, -5, Infinity]), [0, 0, 255]);
    // Already multiplied by alpha.
    await expectColour(plain(32, [0, 0, 0, 0.5]), [12, 12, 12]);
  });

  it('is small, whatever the picture is', async () => {
    const size = { width: 3_000, height: 2_000 };
    const samples = randomBytes(size.width * size.height * 3);
    const jpeg = await previewOf({ ...size, channels: 3, bitDepth: 8, samples });
    expect(jpeg?.length).to.be.within(1_000, 128 * 1_024);
    const { width, height, format } = await sharp(jpeg).metadata();
    expect([width, height, format]).to.deep.equal([512, 341, 'jpeg']);
    const line = { ...plain(8, [9, 9, 9], { width: 5_000, height: 1 }) };
    expect((await sharp(await previewOf(line)).metadata()).height).to.equal(1);
  });
});
