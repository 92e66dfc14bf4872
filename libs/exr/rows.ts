import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { ExrChunk } from './file.ts';
import { type ExrPart, ROWS_PER_CHUNK } from './head.ts';

const unpack = promisify(inflate);

const NONE = 0;
const RLE = 1;
const ZIPS = 2;
const ZIP = 3;

/** Undoes run lengths: from 0 on, so many and one more of the next byte; below 0, so many bytes as they are. */
const unpackRuns = (packed: Buffer, rawBytes: number): Buffer => {
  const raw = Buffer.alloc(rawBytes);
  let to = 0;
  for (let from = 0; from < packed.length;) {
    const count = packed.readInt8(from);
    if (count < 0) {
      packed.copy(raw, to, from + 1, from + 1 - count);
      to -= count;
      from += 1 - count;
    } else {
      raw.fill(packed.readUInt8(from + 1), to, to + count + 1);
      to += count + 1;
      from += 2;
    }
  }
  if (to !== rawBytes) {
    throw new RangeError(`a chunk has ${to} bytes, not ${rawBytes}`);
  }
  return raw;
};

/** Undoes what OpenEXR does before it packs: it stores differences, of the bytes at even places first. */
const undoPrediction = (bytes: Buffer): Buffer => {
  for (let i = 1; i < bytes.length; i += 1) {
    bytes[i] = (bytes[i - 1]! + bytes[i]! - 128) & 0xff;
  }
  const whole = Buffer.alloc(bytes.length);
  const half = Math.ceil(bytes.length / 2);
  for (let i = 0; i < half; i += 1) {
    whole[2 * i] = bytes[i]!;
  }
  for (let i = half; i < bytes.length; i += 1) {
    whole[2 * (i - half) + 1] = bytes[i]!;
  }
  return whole;
};

/** The length of a row of all channels. */
export const rowBytes = ({ width, channels }: ExrPart): number =>
  channels.reduce((sum, { sampleBytes }) => sum + width * sampleBytes, 0);

/** The rows of a chunk; undefined if only OpenEXR itself knows its codec. Throws RangeError if they do not decode. */
export const rowsOf = async ({ part, index, bytes }: ExrChunk): Promise<Buffer | undefined> => {
  const { compression, height } = part;
  const most = ROWS_PER_CHUNK[compression] ?? 1;
  const rawBytes = rowBytes(part) * Math.min(most, height - index * most);
  // OpenEXR stores a chunk as it is if packing does not make it shorter.
  if (compression === NONE || (bytes.length === rawBytes && compression <= ZIP)) {
    if (bytes.length !== rawBytes) {
      throw new RangeError(`a chunk has ${bytes.length} bytes, not ${rawBytes}`);
    }
    return bytes;
  }
  switch (compression) {
    case RLE:
      return undoPrediction(unpackRuns(bytes, rawBytes));
    case ZIPS:
    case ZIP: {
      const raw = await unpack(bytes, { maxOutputLength: rawBytes }).catch((error: unknown) => {
        throw new RangeError(error instanceof Error ? error.message : String(error));
      });
      if (raw.length !== rawBytes) {
        throw new RangeError(`a chunk has ${raw.length} bytes, not ${rawBytes}`);
      }
      return undoPrediction(raw);
    }
    default:
      return undefined;
  }
};
