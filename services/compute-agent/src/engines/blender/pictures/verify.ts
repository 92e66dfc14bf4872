import { lstat } from 'node:fs/promises';
import type { Clock } from '#libs/clock/index.ts';
import type { Sandbox } from '../../../sandbox/index.ts';
import { decodeExr } from './decode-exr.ts';
import { decodeSharp } from './decode-sharp.ts';
import { BadPicture, isUniform, pixelHash } from './pixels.ts';

/** The formats in which frames are rendered. */
export type PictureFormat = 'PNG' | 'JPEG' | 'OPEN_EXR';

/** What a look at a picture found. */
export type PictureVerdict = { kind: 'good'; pixelHash: string; uniform: boolean } | { kind: 'bad'; reason: string };

/**
 * Checks that a file is the picture that it should be: there, a file (no link), of the format, of the size in pixels, and
 * decodable to its end. That is the only proof that a renderer did its work. Throws only for troubles of our own, such as
 * a missing ffmpeg where OPEN_EXR is wanted.
 */
export const verifyPicture = async (
  file: string,
  expected: { format: PictureFormat; width: number; height: number },
  context: { sandbox: Sandbox; clock: Clock },
): Promise<PictureVerdict> => {
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile() || found.size === 0) {
    return { kind: 'bad', reason: 'there is no picture' };
  }
  try {
    const pixels =
      expected.format === 'OPEN_EXR'
        ? await decodeExr(file, expected, context)
        : await decodeSharp(file, { ...expected, format: expected.format === 'PNG' ? 'png' : 'jpeg' });
    return { kind: 'good', pixelHash: pixelHash(pixels), uniform: isUniform(pixels) };
  } catch (error) {
    if (error instanceof BadPicture) {
      return { kind: 'bad', reason: error.message };
    }
    throw error;
  }
};
