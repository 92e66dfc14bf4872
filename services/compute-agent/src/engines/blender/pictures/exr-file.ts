import { type FileHandle, open } from 'node:fs/promises';
import { BadPicture, checkSize, type Size } from './pixels.ts';

/** Rows per chunk for each compression of the format, by its number: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const ROWS_PER_CHUNK = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];
const MAGIC = 0x01312f76;
/** Flags of tiled, deep and multi-part files, which Blender does not write as plain pictures. */
const OTHER_KINDS = 0x200 | 0x800 | 0x1000;
const MAX_HEAD_BYTES = 64 * 1024;

interface Head {
  compression: number;
  /** The first and last stored column and row. */
  window: { xMin: number; yMin: number; xMax: number; yMax: number };
  bytes: number;
}

/** Reads the attributes: name, 0, type, 0, length, value; an empty name ends them. */
const parseHead = (head: Buffer): Head => {
  let at = 8;
  const text = (): string => {
    const end = head.indexOf(0, at);
    const found = head.toString('latin1', at, end === -1 ? head.length : end);
    at += found.length + 1;
    return found;
  };
  let compression: number | undefined;
  let window: Head['window'] | undefined;
  for (let name = text(); name !== ''; name = text()) {
    text();
    const length = head.readInt32LE(at);
    at += 4;
    if (length < 0) {
      throw new RangeError('an attribute of negative length');
    }
    if (name === 'compression') {
      compression = head.readUInt8(at);
    } else if (name === 'dataWindow') {
      const [xMin = 0, yMin = 0, xMax = 0, yMax = 0] = [0, 4, 8, 12].map((offset) =>
        head.readInt32LE(at + offset),
      );
      window = { xMin, yMin, xMax, yMax };
    }
    at += length;
  }
  if (compression === undefined || window === undefined) {
    throw new RangeError('no compression or no size');
  }
  return { compression, window, bytes: at };
};

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};

const checkChunks = async (file: FileHandle, head: Head, count: number): Promise<void> => {
  const { size } = await file.stat();
  if (head.bytes + 8 * count > size) {
    throw new RangeError('the list of chunks is cut off');
  }
  const offsets = await read(file, head.bytes, 8 * count);
  for (let i = 0; i < count; i += 1) {
    // Each chunk begins with its first row and its length.
    const offset = Number(offsets.readBigUInt64LE(8 * i));
    const length = (await read(file, Math.min(offset, size), 8)).readInt32LE(4);
    if (length <= 0 || offset + 8 + length > size) {
      throw new RangeError(`chunk ${i + 1} of ${count} is cut off`);
    }
  }
};

/**
 * Checks that an OpenEXR file has the expected size in pixels and is complete, because ffmpeg decodes a truncated one
 * without an error. Format: https://openexr.com/en/latest/OpenEXRFileLayout.html. Throws BadPicture.
 */
export const checkExrFile = async (path: string, expected: Size): Promise<void> => {
  await using file = await open(path);
  try {
    const start = await read(file, 0, MAX_HEAD_BYTES);
    if (start.readUInt32LE(0) !== MAGIC || (start.readUInt32LE(4) & OTHER_KINDS) !== 0) {
      throw new BadPicture('the picture is no OpenEXR file of one part');
    }
    const head = parseHead(start);
    const width = head.window.xMax - head.window.xMin + 1;
    const height = head.window.yMax - head.window.yMin + 1;
    checkSize({ width, height }, expected);
    await checkChunks(file, head, Math.ceil(height / (ROWS_PER_CHUNK[head.compression] ?? 1)));
  } catch (error) {
    // A number beyond the end of the buffer was read.
    if (error instanceof RangeError) {
      throw new BadPicture(`the picture does not decode: ${error.message}`);
    }
    throw error;
  }
};
