import sharp from 'sharp';
import { BadPicture, type Pixels } from './pixels.ts';

// libvips remembers what it decoded by file name, and the processors belong to the renderers.
sharp.cache(false);
sharp.concurrency(1);

const CHANNELS = [1, 2, 3, 4] as const;

/**
 * Decodes a PNG or JPEG file as it is: no rotation, no conversion of colours or depth. Throws BadPicture when it is another
 * format, has other than the expected size (before it is decoded), or does not decode to its end.
 */
export const decodeSharp = async (
  file: string,
  expected: { format: 'png' | 'jpeg'; width: number; height: number },
): Promise<Pixels> => {
  const options = { limitInputPixels: expected.width * expected.height, failOn: 'warning' } as const;
  // The limit is not yet needed for the head, and would hide the size that was found.
  const head = await sharp(file, { ...options, limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw new BadPicture(`the picture does not decode: ${reason(error)}`);
    });
  if (head.format !== expected.format) {
    throw new BadPicture(`the picture is ${head.format}, not ${expected.format}`);
  }
  if (head.width !== expected.width || head.height !== expected.height) {
    throw new BadPicture(
      `the picture is ${head.width}×${head.height} pixels, not ${expected.width}×${expected.height}`,
    );
  }
  const depth = head.depth === 'ushort' ? 'ushort' : 'uchar';
  const { data, info } = await sharp(file, options)
    .toColourspace(head.space)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new BadPicture(`the picture does not decode: ${reason(error)}`);
    });
  const channels = CHANNELS.find((count) => count === info.channels);
  if (channels === undefined) {
    throw new BadPicture(`the picture has ${info.channels} channels`);
  }
  return { width: info.width, height: info.height, channels, bitDepth: depth === 'ushort' ? 16 : 8, samples: data };
};

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
