import { lstat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import { BadExr, checkChunks, layersHash, shownLayer, withExrFile } from '#libs/exr/index.ts';
import type { Sandbox } from '#libs/sandbox/index.ts';
import { decodeExr } from './decode-exr.ts';
import { decodeSharp } from './decode-sharp.ts';
import { BadPicture, checkSize, isUniform, pixelHash, type Pixels, type Size } from './pixels.ts';

/** The extensions of the files that frames can be. */
export const EXTENSIONS = ['png', 'jpg', 'exr', 'tif', 'webp'] as const;

/** By extension, as sharp calls them. */
const SHARP_FORMATS: Readonly<Record<string, 'png' | 'jpeg' | 'tiff' | 'webp' | undefined>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.tif': 'tiff',
  '.webp': 'webp',
};

/** The result of checking a picture. */
type PictureVerdict =
  { kind: 'good'; pixelHash: string; uniform: boolean } | { kind: 'bad'; reason: string };

interface VerifyContext {
  sandbox: Sandbox;
  clock: Clock;
  /** Gets what was decoded. Not called for what only stored bytes tell. */
  onPixels?: (pixels: Pixels) => void;
}

/** The number of this codec in the format; above it is only DWAB. */
const DWAA = 8;
/** The channels of a picture without layers. */
const PLAIN: ReadonlySet<string> = new Set(['R', 'G', 'B', 'A', 'Y']);

/**
 * An OpenEXR file of one picture has a hash as any picture; one of layers is hashed with all of them, and ffmpeg decodes what it
 * shows. Of DWAA and DWAB ffmpeg cannot decode all, and does not say so.
 */
const verifyExr = async (
  file: string,
  expected: Size | undefined,
  context: VerifyContext,
): Promise<{ pixelHash: string; uniform: boolean }> => {
  const checked = await withExrFile(file, async (exr) => {
    const { parts } = exr.head;
    for (const part of parts) {
      checkSize(part, expected ?? part);
    }
    const [{ width, height, channels, compression }, ...more] = parts;
    const isDwa = compression >= DWAA;
    if (isDwa || more.length > 0 || channels.some(({ name }) => !PLAIN.has(name))) {
      const hash = await layersHash(exr);
      return { width, height, layer: isDwa ? undefined : shownLayer(exr.head), hash };
    }
    await checkChunks(exr);
    return { width, height, layer: '', hash: undefined };
  });
  const { layer, hash } = checked;
  if (layer === undefined) {
    return { pixelHash: hash ?? '', uniform: false };
  }
  const pixels = await decodeExr(file, layer, checked, context);
  context.onPixels?.(pixels);
  return { pixelHash: hash ?? pixelHash(pixels), uniform: isUniform(pixels) };
};

/**
 * Checks that a file is a picture of the format that its extension names and of the expected size, if any, and decodes it to its
 * end: the only proof that a renderer did its work. Throws only if the agent itself has a problem, such as a missing ffmpeg for
 * OpenEXR.
 */
export const verifyPicture = async (
  file: string,
  expected: Size | undefined,
  context: VerifyContext,
): Promise<PictureVerdict> => {
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile() || found.size === 0) {
    return { kind: 'bad', reason: 'there is no picture' };
  }
  try {
    const extension = extname(file);
    if (extension === '.exr') {
      return { kind: 'good', ...(await verifyExr(file, expected, context)) };
    }
    const format = SHARP_FORMATS[extension];
    if (format === undefined) {
      throw new BadPicture(`nobody can check a picture of the format ${extension}`);
    }
    const pixels = await decodeSharp(file, format, expected);
    context.onPixels?.(pixels);
    return { kind: 'good', pixelHash: pixelHash(pixels), uniform: isUniform(pixels) };
  } catch (error) {
    if (error instanceof BadPicture || error instanceof BadExr) {
      return { kind: 'bad', reason: error.message };
    }
    throw error;
  }
};
