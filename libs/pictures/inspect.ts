import { open } from 'node:fs/promises';
import { BadExr, checkChunks, layersHash, shownLayer, withExrFile } from '#libs/exr/index.ts';
import { differingShare } from './compare.ts';
import { decodeExr } from './decode-exr.ts';
import { decodeSharp } from './decode-sharp.ts';
import { checkFormat, checkLength, type Extension, longestFile, MAGIC_BYTES } from './formats.ts';
import { BadPicture, checkSize, isUniform, pixelHash, type Pixels, type Size } from './pixels.ts';
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

/** The number of this codec in the format; above it is only DWAB. */
const DWAA = 8;
/** The channels of a picture without layers. */
const PLAIN: ReadonlySet<string> = new Set(['R', 'G', 'B', 'A', 'Y']);
/** Before each chunk of rows: its place in the table, its part, its first row, its length. */
const CHUNK_BYTES = 8 + 4 + 4 + 4;

type Decoded = Size & { hash: string | undefined; pixels: Pixels | undefined };

/**
 * An OpenEXR file of one picture has a hash as any picture; one of layers is hashed with all of them, and ffmpeg decodes what it
 * shows. Of DWAA and DWAB ffmpeg cannot decode all, and does not say so.
 */
const decodeLayers = async (
  file: string,
  { sizeBytes, expected }: Pick<Inspected, 'sizeBytes' | 'expected'>,
): Promise<Decoded> => {
  const { shown, ...decoded } = await withExrFile(file, async (exr) => {
    const { parts } = exr.head;
    let maxBytes = exr.head.bytes;
    for (const part of parts) {
      checkSize(part, expected ?? part);
      const pixelBytes = part.channels.reduce((sum, { sampleBytes }) => sum + sampleBytes, 0);
      maxBytes += part.width * part.height * pixelBytes + part.chunks * CHUNK_BYTES;
    }
    checkLength(sizeBytes, longestFile(maxBytes));
    const [{ width, height, channels, compression }, ...more] = parts;
    const isDwa = compression >= DWAA;
    if (isDwa || more.length > 0 || channels.some(({ name }) => !PLAIN.has(name))) {
      const hash = await layersHash(exr);
      return { width, height, hash, shown: isDwa ? undefined : shownLayer(exr.head) };
    }
    await checkChunks(exr);
    return { width, height, hash: undefined, shown: '' };
  });
  const pixels = shown === undefined ? undefined : await decodeExr(file, shown, decoded);
  return { ...decoded, pixels };
};

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
    if (error instanceof BadPicture || error instanceof BadExr) {
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
    if (error instanceof BadPicture || error instanceof BadExr) {
      return 1;
    }
    throw error;
  }
};
