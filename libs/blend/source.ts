import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { detectCompression } from './compression.ts';
import { blendFileCut } from './errors.ts';

/** The unpacked bytes of a .blend, read once from the beginning to the end. */
export interface BlendSource extends AsyncDisposable {
  /** The next `count` bytes; fewer at the end of the file. Rejects if packed data is damaged or was cut off. */
  take(count: number): Promise<Buffer>;
  /** Passes over `count` bytes. */
  skip(count: number): Promise<void>;
}

/** A piece of an unpacked file that can be read by itself. */
interface Frame {
  /** Offsets in the packed file and in the unpacked data. */
  packedAt: number;
  packedBytes: number;
  at: number;
  bytes: number;
}

const SEEK_TABLE_MAGIC = 0x8f92eab1;
const SEEK_FOOTER_BYTES = 9;
/** Blender writes frames of 1 MiB. */
const MAX_FRAME_BYTES = 64 * 1024 ** 2;

const readAt = async (file: FileHandle, at: number, count: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(count);
  const { bytesRead } = await file.read(buffer, 0, count, at);
  return buffer.subarray(0, bytesRead);
};

/** Blocks are small, and a read of each would cost a system call. */
const WINDOW_BYTES = 64 * 1024;

const rawSource = (file: FileHandle): BlendSource => {
  let at = 0;
  let window = { at: 0, bytes: Buffer.alloc(0) as Buffer };
  return {
    take: async (count) => {
      if (at < window.at || at + count > window.at + window.bytes.length) {
        window = { at, bytes: await readAt(file, at, Math.max(count, WINDOW_BYTES)) };
      }
      const bytes = window.bytes.subarray(at - window.at, at - window.at + count);
      at += bytes.length;
      return bytes;
    },
    skip: async (count) => {
      at += count;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
};

/**
 * The frames that the seek table at the end of a packed .blend lists; undefined if there is no table. Format:
 * zstd's contrib/seekable_format, without checksums.
 */
const seekTable = async (file: FileHandle, sizeBytes: number): Promise<Frame[] | undefined> => {
  if (sizeBytes < SEEK_FOOTER_BYTES) {
    return undefined;
  }
  const footer = await readAt(file, sizeBytes - SEEK_FOOTER_BYTES, SEEK_FOOTER_BYTES);
  const count = footer.readUInt32LE(0);
  const entryBytes = footer.readUInt8(4) & 0x80 ? 12 : 8;
  const tableBytes = count * entryBytes;
  if (footer.readUInt32LE(5) !== SEEK_TABLE_MAGIC || tableBytes + SEEK_FOOTER_BYTES > sizeBytes) {
    return undefined;
  }
  const table = await readAt(file, sizeBytes - SEEK_FOOTER_BYTES - tableBytes, tableBytes);
  const frames: Frame[] = [];
  let packedAt = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const packedBytes = table.readUInt32LE(i * entryBytes);
    const bytes = table.readUInt32LE(i * entryBytes + 4);
    frames.push({ packedAt, packedBytes, at, bytes });
    packedAt += packedBytes;
    at += bytes;
  }
  return frames;
};

/** Unpacks only the frames that are read, so a large mesh in the file costs nothing. */
const frameSource = (file: FileHandle, frames: readonly Frame[]): BlendSource => {
  let at = 0;
  let index = 0;
  let unpacked: { frame: Frame; bytes: Buffer } | undefined;
  const frameHere = async (): Promise<{ frame: Frame; bytes: Buffer } | undefined> => {
    let frame = frames[index];
    while (frame !== undefined && at >= frame.at + frame.bytes) {
      index += 1;
      frame = frames[index];
    }
    if (frame !== undefined && unpacked?.frame !== frame) {
      const packed = await readAt(file, frame.packedAt, frame.packedBytes);
      unpacked = { frame, bytes: zstdDecompressSync(packed, { maxOutputLength: MAX_FRAME_BYTES }) };
    }
    return frame === undefined ? undefined : unpacked;
  };
  return {
    take: async (count) => {
      const parts: Buffer[] = [];
      for (let missing = count; missing > 0;) {
        const here = await frameHere();
        if (here === undefined) {
          break;
        }
        const part = here.bytes.subarray(at - here.frame.at, at - here.frame.at + missing);
        if (part.length === 0) {
          break;
        }
        parts.push(part);
        at += part.length;
        missing -= part.length;
      }
      return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    },
    skip: async (count) => {
      at += count;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
};

/** Throws what reading failed of: `BLEND_FILE_TRUNCATED` if the packed data ended too early. */
const cutOrDamaged = (error: unknown): never => {
  throw (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? blendFileCut() : error;
};

const streamSource = (path: string, unpack: NodeJS.ReadWriteStream): BlendSource => {
  const packed = createReadStream(path);
  packed.on('error', (error) => unpack.emit('error', error));
  const chunks = packed.pipe(unpack)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = Buffer.alloc(0) as Buffer;
  /** Calls `use` with the next bytes, at most `count` together. */
  const advance = async (count: number, use: (part: Buffer) => void): Promise<void> => {
    for (let missing = count; missing > 0;) {
      if (rest.length === 0) {
        const next = await chunks.next().catch(cutOrDamaged);
        if (next.done === true) {
          return;
        }
        rest = next.value;
      }
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      use(part);
    }
  };
  return {
    take: async (count) => {
      const parts: Buffer[] = [];
      await advance(count, (part) => parts.push(part));
      return Buffer.concat(parts);
    },
    skip: (count) => advance(count, () => undefined),
    [Symbol.asyncDispose]: async () => {
      packed.destroy();
      await chunks.return?.();
    },
  };
};

/** Opens a .blend that is raw, gzip or zstd. Rejects with the file system's error. */
export const openSource = async (path: string): Promise<BlendSource> => {
  const file = await open(path);
  try {
    const compression = detectCompression(await readAt(file, 0, 4));
    if (compression === 'none') {
      return rawSource(file);
    }
    const frames =
      compression === 'zstd' ? await seekTable(file, (await file.stat()).size) : undefined;
    if (frames !== undefined) {
      return frameSource(file, frames);
    }
    await file.close();
    return streamSource(path, compression === 'gzip' ? createGunzip() : createZstdDecompress());
  } catch (error) {
    await file.close();
    throw error;
  }
};
