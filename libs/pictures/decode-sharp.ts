import { checkLength, type Extension, maxFileBytes, nameOf } from './formats.ts';
import { sharp } from './loaders.ts';
import { BadPicture, checkSize, MAX_PIXELS, type Pixels, type Size } from './pixels.ts';

// No cache, because libvips caches by file name. One thread, because the processors belong to the renderers.
sharp.cache(false);
sharp.concurrency(1);

const undecodable = (error: unknown): never => {
  const reason = error instanceof Error ? error.message : String(error);
  throw new BadPicture(`the picture does not decode: ${reason}`);
};

const CHANNELS = [1, 2, 3, 4] as const;

/**
 * Decodes a file as it is, without rotation or conversion of colours or depth. Throws BadPicture if it has another format or
 * size (before it is decoded), or does not decode to its end.
 */
export const decodeSharp = async (
  file: string,
  extension: Exclude<Extension, 'exr'>,
  expected: Size | undefined,
  sizeBytes: number,
): Promise<Pixels> => {
  // Reading the header needs no limit, and a limit would hide the size.
  const head = await sharp(file, { limitInputPixels: false, failOn: 'warning' })
    .metadata()
    .catch(undecodable);
  if (head.format !== nameOf(extension)) {
    throw new BadPicture(`the picture is ${head.format}, not ${nameOf(extension)}`);
  }
  if (expected !== undefined) {
    checkSize(head, expected);
  }
  checkLength(sizeBytes, maxFileBytes(extension, head));
  const limitInputPixels = Math.min(MAX_PIXELS, head.width * head.height);
  const options = { limitInputPixels, failOn: 'warning' } as const;
  const depth = head.depth === 'ushort' ? 'ushort' : 'uchar';
  const { data, info } = await sharp(file, options)
    .toColourspace(head.space)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true })
    .catch(undecodable);
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
