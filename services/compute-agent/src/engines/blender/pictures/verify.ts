import { lstat } from 'node:fs/promises';
import type { Clock } from '#libs/clock/index.ts';
import type { Sandbox } from '../../../sandbox/index.ts';
import { decodeExr } from './decode-exr.ts';
import { decodeSharp } from './decode-sharp.ts';
import { BadPicture, isUniform, pixelHash, type Pixels, type Size } from './pixels.ts';

/** The formats in which frames are rendered. */
export type PictureFormat = 'PNG' | 'JPEG' | 'OPEN_EXR';

/** The result of checking a picture. */
type PictureVerdict =
  { kind: 'good'; pixelHash: string; uniform: boolean } | { kind: 'bad'; reason: string };

/**
 * Checks that a file is the expected picture, which decodes to its end: the only proof that a renderer did its work. Throws
 * only if the agent itself has a problem, such as a missing ffmpeg for OPEN_EXR. `onPixels` gets what was decoded.
 */
export const verifyPicture = async (
  file: string,
  expected: { format: PictureFormat } & Size,
  context: { sandbox: Sandbox; clock: Clock; onPixels?: (pixels: Pixels) => void },
): Promise<PictureVerdict> => {
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile() || found.size === 0) {
    return { kind: 'bad', reason: 'there is no picture' };
  }
  try {
    const { format } = expected;
    const pixels =
      format === 'OPEN_EXR'
        ? await decodeExr(file, expected, context)
        : await decodeSharp(file, { ...expected, format: format === 'PNG' ? 'png' : 'jpeg' });
    context.onPixels?.(pixels);
    return { kind: 'good', pixelHash: pixelHash(pixels), uniform: isUniform(pixels) };
  } catch (error) {
    if (error instanceof BadPicture) {
      return { kind: 'bad', reason: error.message };
    }
    throw error;
  }
};
