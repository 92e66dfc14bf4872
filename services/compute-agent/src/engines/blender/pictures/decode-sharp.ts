import sharp from 'sharp';
import { BadPicture, type Pixels } from './pixels.ts';

// No cache, because libvips caches by file name. One thread, because the processors belong to the renderers.
sharp.cache(false);
sharp.concurrency(1);

const CHANNELS = [1, 2, 3, 4] as const;

/**
 * Decodes a PNG or JPEG file as it is, without rotation or conversion of colours or depth. Throws BadPicture
 * if it has another format or size (before it is decoded), or does not decode to its end.
 */
export const decodeSharp = async (
  file: string,
  expected: { format: 'png' | 'jpeg'; width: number; height: number },
): Promise<Pixels> => {
  const options = {
    limitInputPixels: expected.width * expected.height,
    failOn: 'warning',
  } as const;
  // Reading the header needs no limit, and a limit would hide the size.
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
  return {
    width: info.width,
    height: info.height,
    channels,
    bitDepth: depth === 'ushort' ? 16 : 8,
    samples: data,
  };
};

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
