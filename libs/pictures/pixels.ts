import { createHash } from 'node:crypto';

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/**
 * A decoded picture: rows from the top down, pixels from the left, the channels of a pixel side by side. Channels are
 * grey; grey and alpha; red, green, blue; or red, green, blue and alpha.
 */
export interface Pixels extends Size {
  channels: 1 | 2 | 3 | 4;
  /** 8: a byte per sample. 16: an unsigned 16-bit number, little endian. 32: a 32-bit float, little endian. */
  bitDepth: 8 | 16 | 32;
  samples: Uint8Array;
}

/** Larger pictures do not fit into memory beside others. */
export const MAX_PIXELS = 2 ** 29;

/** A file is not the expected picture. The message says why, for people. */
export class BadPicture extends Error {
  override readonly name = 'BadPicture';
}

/** Throws BadPicture unless the size is the expected one. */
export const checkSize = ({ width, height }: Size, expected: Size): void => {
  if (width !== expected.width || height !== expected.height) {
    const wanted = `${expected.width}×${expected.height}`;
    throw new BadPicture(`the picture is ${width}×${height} pixels, not ${wanted}`);
  }
};

/**
 * The hash by which pictures are compared, because the files of equal ones differ in date and duration: the SHA-256, in
 * hexadecimal, of width, height, channels and bit depth, each as uint32 little endian, and the samples of {@link Pixels}.
 */
export const pixelHash = (pixels: Pixels): string => {
  const head = Buffer.alloc(16);
  [pixels.width, pixels.height, pixels.channels, pixels.bitDepth].forEach((value, i) =>
    head.writeUInt32LE(value, 4 * i),
  );
  return createHash('sha256').update(head).update(pixels.samples).digest('hex');
};

/** The samples as numbers. */
export const view = ({ bitDepth, samples }: Pixels): Uint8Array | Uint16Array | Float32Array => {
  if (bitDepth === 8) {
    return samples;
  }
  // Copied where a buffer is not aligned for wider numbers.
  const aligned = samples.byteOffset % 4 === 0 ? samples : new Uint8Array(samples);
  const { buffer, byteOffset, byteLength } = aligned;
  return bitDepth === 16
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Float32Array(buffer, byteOffset, byteLength / 4);
};

/** Blender dithers 8-bit pictures by up to this much to each side of the true value. */
const DITHER = 1;

/**
 * Whether all pixels are the same apart from dithering: legal, because a film may begin in black, but worth a note. It looks at all
 * of a uniform picture, so it belongs where nobody waits for an event loop.
 */
export const isUniform = (pixels: Pixels): boolean => {
  const { channels, bitDepth } = pixels;
  const values = view(pixels);
  const range = bitDepth === 8 ? 2 * DITHER : 0;
  for (let channel = 0; channel < channels; channel += 1) {
    let least = values[channel] ?? 0;
    let most = least;
    for (let at = channel; at < values.length; at += channels) {
      const value = values[at]!;
      if (value < least) {
        least = value;
      } else if (value > most) {
        most = value;
      }
      // Not `>`, because the difference may be no number.
      if (!(most - least <= range) || Number.isNaN(value)) {
        return false;
      }
    }
  }
  return true;
};
