import { constants, gunzipSync } from 'node:zlib';
import { unpackZstd } from './zstd.ts';

export type BlendCompression = 'none' | 'gzip' | 'zstd';

/** Most unpacked bytes that are read. The frame range of every file seen so far lies in its first kilobyte. */
export const MAX_UNPACKED_BYTES = 64 * 1_024;

/** The work that reading one head took. Tests bound it, because they cannot bound wall time. */
export interface HeadWork {
  unpackedBytes: number;
  passes: number;
  blocks: number;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/** Detects the compression of a .blend from its first bytes: gzip until 2.9x, zstd since 3.0. */
export const detectCompression = (bytes: Uint8Array): BlendCompression => {
  if (startsWith(bytes, [0x1f, 0x8b])) {
    return 'gzip';
  }
  return startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : 'none';
};

/** Size of the first piece of gzip data that is unpacked. It is enough for the head of almost every file. */
const FIRST_PIECE_BYTES = 1_024;

/** Unpacks the beginning of gzip data; undefined if it is damaged or exceeds the bound when unpacked. */
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
 * Finds the longest beginning that can be unpacked, first by doubling, then by binary search, because zlib's synchronous
 * calls return nothing for a piece that is damaged at its end or too large.
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

/** Unpacks the beginning of a file, in ever longer views of up to 64 KiB; none if it cannot be unpacked. Never throws. */
export function* unpackHead(
  bytes: Uint8Array,
  compression: BlendCompression,
  work: HeadWork,
): Generator<Uint8Array> {
  if (compression === 'none') {
    yield bytes.subarray(0, MAX_UNPACKED_BYTES);
    return;
  }
  yield* compression === 'gzip'
    ? unpackGzip(bytes, work)
    : unpackZstd(bytes, MAX_UNPACKED_BYTES, work);
}
