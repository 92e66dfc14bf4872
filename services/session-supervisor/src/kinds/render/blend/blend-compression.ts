import { constants, gunzipSync } from 'node:zlib';
import { unpackZstd } from './blend-zstd.ts';

export type BlendCompression = 'none' | 'gzip' | 'zstd';

/** No more than this is looked at, unpacked. The frame range of every file seen lies in its first kilobyte. */
export const MAX_UNPACKED_BYTES = 64 * 1_024;

/** What reading one head cost; bounds of it are tested, since wall time cannot be. */
export interface HeadWork {
  /** Bytes unpacked, all passes together. */
  unpackedBytes: number;
  /** Calls into the decompressor. */
  passes: number;
  /** Block heads read. */
  blocks: number;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/** How a .blend is packed, told by its first bytes: gzip until 2.9x, zstd since 3.0. */
export const detectCompression = (bytes: Uint8Array): BlendCompression => {
  if (startsWith(bytes, [0x1f, 0x8b])) {
    return 'gzip';
  }
  return startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : 'none';
};

/** The first piece of gzip data that is tried: enough for the head of almost every file. */
const FIRST_PIECE_BYTES = 1_024;

/** Unpacks a beginning of gzip data; undefined where it is damaged, or is more than the bound when unpacked. */
const gunzipPiece = (piece: Uint8Array, work: HeadWork): Uint8Array | undefined => {
  work.passes += 1;
  try {
    const out = gunzipSync(piece, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_UNPACKED_BYTES,
    });
    work.unpackedBytes += out.byteLength;
    return out;
  } catch {
    work.unpackedBytes += MAX_UNPACKED_BYTES;
    return undefined;
  }
};

/**
 * zlib's synchronous calls give all output or none, so that a piece whose output is too large, or which is damaged
 * towards its end, gives nothing: pieces double until one fails, then the longest that does not fail is searched for.
 */
function* unpackGzip(bytes: Uint8Array, work: HeadWork): Generator<Uint8Array> {
  let good = 0;
  let next = Math.min(FIRST_PIECE_BYTES, bytes.length);
  let bad = bytes.length + 1;
  while (good + 1 < bad) {
    const out = gunzipPiece(bytes.subarray(0, next), work);
    if (out) {
      good = next;
      yield out;
    } else {
      bad = next;
    }
    next = bad > bytes.length ? Math.min(good * 2, bytes.length) : Math.floor((good + bad) / 2);
    if (next === good) {
      return;
    }
  }
}

/**
 * The beginning of a file, unpacked, in views that grow from one to the next and end at 64 KiB: a reader takes the
 * first that is long enough for it. Nothing comes out of data that cannot be unpacked; never throws.
 */
export function* unpackHead(bytes: Uint8Array, compression: BlendCompression, work: HeadWork): Generator<Uint8Array> {
  if (compression === 'none') {
    yield bytes.subarray(0, MAX_UNPACKED_BYTES);
    return;
  }
  yield* compression === 'gzip' ? unpackGzip(bytes, work) : unpackZstd(bytes, MAX_UNPACKED_BYTES, work);
}
