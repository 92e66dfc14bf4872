import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { createDecoder, type DecoderContext, type PictureDecoder } from './decoder.ts';
import { isExtension } from './formats.ts';
import type { PictureVerdict } from './inspect.ts';
import type { Size } from './pixels.ts';

/** Neither a link nor a pipe, which a renderer may have left there. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Checks a file on disk with a decoder; see {@link PictureDecoder.check}. */
export const checkPicture = async (
  decoder: PictureDecoder,
  path: string,
  expected: Size | undefined,
  wantsPreview = false,
): Promise<PictureVerdict> => {
  await using file = await open(path, FLAGS).catch(() => undefined);
  const found = await file?.stat();
  if (file === undefined || !found?.isFile() || found.size === 0) {
    return { kind: 'bad', reason: 'there is no picture' };
  }
  const extension = extname(path).slice(1);
  if (!isExtension(extension)) {
    return { kind: 'bad', reason: `nobody can check a picture of the format .${extension}` };
  }
  const bytes = file.createReadStream({ autoClose: false });
  return await decoder.check({ bytes, sizeBytes: found.size, extension, expected, wantsPreview });
};

/** Checks one file with a decoder of its own. */
export const verifyPicture = async (
  path: string,
  expected: Size | undefined,
  context: DecoderContext,
): Promise<PictureVerdict> => {
  await using decoder = createDecoder(context);
  return await checkPicture(decoder, path, expected);
};
