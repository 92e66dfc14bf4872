import { open } from 'node:fs/promises';
import { differingShare } from './compare.ts';
import { decodeSharp } from './decode-sharp.ts';
import { checkFormat, type Extension, MAGIC_BYTES } from './formats.ts';
import { BadPicture, isUniform, pixelHash, type Pixels, type Size } from './pixels.ts';
import { previewOf } from './preview.ts';

/** A picture that decodes to its end. */
export interface GoodPicture extends Size {
  kind: 'good';
  pixelHash: string;
  /** Whether it is of one colour. */
  uniform: boolean;
  /** A small JPEG, if one was asked for and could be made. */
  preview?: Uint8Array;
}

/** What a check found out. The reason is for people. */
export type PictureVerdict = GoodPicture | { kind: 'bad'; reason: string };

/** A file to check. */
export interface Inspected {
  extension: Extension;
  sizeBytes: number;
  /** In pixels; any if undefined. */
  expected: Size | undefined;
  wantsPreview: boolean;
}

/** A picture as it was decoded. `hash` stands where layers have one instead. */
export type Decoded = Size & { hash: string | undefined; pixels: Pixels | undefined };

const beginningOf = async (path: string): Promise<Buffer> => {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  return buffer.subarray(0, bytesRead);
};

const decode = async (
  file: string,
  inspected: Omit<Inspected, 'wantsPreview'>,
): Promise<Decoded> => {
  const { extension, sizeBytes, expected } = inspected;
  checkFormat(extension, await beginningOf(file));
  if (extension === 'exr') {
    // Few pictures need it, and each program that starts would pay for it.
    const { decodeLayers } = await import('./decode-layers.ts');
    return decodeLayers(file, inspected);
  }
  const pixels = await decodeSharp(file, extension, expected, sizeBytes);
  const { width, height } = pixels;
  return { width, height, hash: undefined, pixels };
};

/**
 * Checks that a file is a picture of the format that its extension names and of the expected size, and decodes it to its end: the
 * only proof that a renderer did its work. It loops over pixels and decodes what strangers wrote, so only the confined program calls
 * it. Throws Error if the machine has a problem, such as a missing ffmpeg for OpenEXR.
 */
export const inspectPicture = async (
  file: string,
  inspected: Inspected,
): Promise<PictureVerdict> => {
  try {
    const { pixels, hash, ...size } = await decode(file, inspected);
    // The frame counts without one.
    const preview =
      pixels && inspected.wantsPreview ? await previewOf(pixels).catch(() => undefined) : undefined;
    return {
      kind: 'good',
      ...size,
      pixelHash: hash ?? (pixels === undefined ? '' : pixelHash(pixels)),
      uniform: pixels !== undefined && isUniform(pixels),
      ...(preview !== undefined && { preview }),
    };
  } catch (error) {
    if (error instanceof BadPicture) {
      return { kind: 'bad', reason: error.message };
    }
    throw error;
  }
};

/**
 * The share of samples of two pictures that differ noticeably, 0 to 1; 1 if one of them does not decode. As {@link inspectPicture}, only
 * the confined program calls it.
 */
export const comparePictures = async (
  files: readonly [string, string],
  sizes: readonly [number, number],
  extension: Extension,
): Promise<number> => {
  try {
    const [a, b] = await Promise.all([
      decode(files[0], { extension, sizeBytes: sizes[0], expected: undefined }),
      decode(files[1], { extension, sizeBytes: sizes[1], expected: undefined }),
    ]);
    return a.pixels === undefined || b.pixels === undefined
      ? Number(a.hash !== b.hash)
      : differingShare(a.pixels, b.pixels);
  } catch (error) {
    if (error instanceof BadPicture) {
      return 1;
    }
    throw error;
  }
};
