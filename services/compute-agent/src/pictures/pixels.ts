import { createHash } from 'node:crypto';

/**
 * A decoded picture: rows from the top down, pixels from the left, the channels of a pixel side by side. Channels are
 * grey; grey and alpha; red, green, blue; or red, green, blue and alpha.
 */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  /** 8: a byte per sample. 16: an unsigned 16-bit number, little endian. 32: a 32-bit float, little endian. */
  bitDepth: 8 | 16 | 32;
  samples: Uint8Array;
}

/** How many bytes the samples of a picture take. */
export const sampleBytes = ({ width, height, channels, bitDepth }: Omit<Pixels, 'samples'>): number =>
  (width * height * channels * bitDepth) / 8;

/**
 * The hash by which pictures are compared, because files of equal pictures differ (date and duration are in them): SHA-256
 * over width, height, channels and bit depth, each as uint32 little endian, and then the samples as {@link Pixels} has
 * them. 64 lower-case hexadecimal digits.
 */
export const pixelHash = (pixels: Pixels): string => {
  const head = new DataView(new ArrayBuffer(16));
  [pixels.width, pixels.height, pixels.channels, pixels.bitDepth].forEach((value, i) =>
    head.setUint32(4 * i, value, true),
  );
  return createHash('sha256').update(new Uint8Array(head.buffer)).update(pixels.samples).digest('hex');
};

/** Whether all pixels are the same: legal (a film begins in black), but worth saying. */
export const isUniform = ({ channels, bitDepth, samples }: Pixels): boolean => {
  const pixelBytes = (channels * bitDepth) / 8;
  // Every pixel equals the next one exactly if the samples equal themselves moved by one pixel.
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return bytes.subarray(pixelBytes).equals(bytes.subarray(0, -pixelBytes));
};
