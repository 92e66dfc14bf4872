import { BadExr, checkChunks, layersHash, shownLayer, withExrFile } from '#libs/exr/index.ts';
import { decodeExr } from './decode-exr.ts';
import { checkLength, longestFile } from './formats.ts';
import type { Decoded, Inspected } from './inspect.ts';
import { BadPicture, checkSize } from './pixels.ts';

/** The number of this codec in the format; above it is only DWAB. */
const DWAA = 8;
/** The channels of a picture without layers. */
const PLAIN: ReadonlySet<string> = new Set(['R', 'G', 'B', 'A', 'Y']);
/** Before each chunk of rows: its place in the table, its part, its first row, its length. */
const CHUNK_BYTES = 8 + 4 + 4 + 4;

/**
 * An OpenEXR file of one picture has a hash as any picture; one of layers is hashed with all of them, and ffmpeg decodes what it
 * shows. Of DWAA and DWAB ffmpeg cannot decode all, and does not say so. Throws BadPicture.
 */
export const decodeLayers = async (
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
  }).catch((error: unknown) => {
    throw error instanceof BadExr ? new BadPicture(error.message) : error;
  });
  const pixels = shown === undefined ? undefined : await decodeExr(file, shown, decoded);
  return { ...decoded, pixels };
};
