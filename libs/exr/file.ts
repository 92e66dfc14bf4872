import { type FileHandle, open } from 'node:fs/promises';
import { BadExr } from './errors.ts';
import { type ExrHead, type ExrPart, parseExrHead } from './head.ts';

/** Most heads are short; one with the names of all objects, for Cryptomatte, is not. */
const HEAD_BYTES = [64 * 1024, 64 * 1024 ** 2];

/** Some rows of a part. */
export interface ExrChunk {
  part: ExrPart;
  /** The number of the chunk within its part, from 0. */
  index: number;
  /** As they are stored. */
  bytes: Buffer;
}

/** An OpenEXR file. Reading from it throws RangeError where it is cut off. */
export interface ExrFile {
  head: ExrHead;
  /** All chunks, part after part, from the top down. */
  chunks: () => AsyncGenerator<ExrChunk>;
}

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};

const headOf = async (file: FileHandle): Promise<ExrHead> => {
  const { size } = await file.stat();
  let error: unknown;
  for (const length of HEAD_BYTES) {
    try {
      return parseExrHead(await read(file, 0, Math.min(length, size)));
    } catch (thrown) {
      error = thrown;
      if (!(thrown instanceof RangeError)) {
        break;
      }
    }
  }
  throw error;
};

async function* chunksOf(file: FileHandle, head: ExrHead): AsyncGenerator<ExrChunk> {
  const { size } = await file.stat();
  let table = head.bytes;
  for (const part of head.parts) {
    const places = await read(file, table, 8 * part.chunks);
    table += places.length;
    for (let index = 0; index < part.chunks; index += 1) {
      // Before the bytes stand the number of the part, where there are several, the first row, and the length.
      const place = Number(places.readBigUInt64LE(8 * index)) + (head.hasSeveralParts ? 4 : 0);
      const length = (await read(file, Math.min(place, size), 8)).readInt32LE(4);
      if (length <= 0 || place + 8 + length > size) {
        throw new RangeError(`chunk ${index + 1} of ${part.chunks} is cut off`);
      }
      yield { part, index, bytes: await read(file, place + 8, length) };
    }
  }
}

/** Opens a file for `use`. Throws BadExr if it is no OpenEXR file, or ends too early. */
export const withExrFile = async <T>(
  path: string,
  use: (file: ExrFile) => Promise<T>,
): Promise<T> => {
  await using file = await open(path);
  try {
    const head = await headOf(file);
    return await use({ head, chunks: () => chunksOf(file, head) });
  } catch (error) {
    // A number beyond the end of a buffer was read.
    if (error instanceof RangeError) {
      throw new BadExr(`the picture does not decode: ${error.message}`);
    }
    throw error;
  }
};
