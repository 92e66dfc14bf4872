import { constants, zstdDecompressSync } from 'node:zlib';

/** The largest unpacked block that zstd allows (RFC 8878, 3.1.1.2.4). A block can only be unpacked whole. */
const MAX_BLOCK_BYTES = 128 * 1_024;

/** Most blocks that are unpacked. Each costs a pass, and hostile data may have hundreds; Blender's have 128 KiB. */
const MAX_BLOCKS = 64;

/** Most memory that a frame may ask for: 2^23 bytes = 8 MiB. Blender's frames ask for 2 MiB. */
const MAX_WINDOW_LOG = 23;

const FRAME_MAGIC = 0xfd2fb528;

/** Whether a frame is skippable, as Blender's seek table at the end of a file is: magic numbers 0x184D2A50 to …5F. */
const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** The size of a frame's header, with magic number and descriptor, computed from the descriptor byte (RFC 8878, 3.1.1.1). */
const frameHeaderBytes = (descriptor: number): number => {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
};

/** A place where data may be cut: after a whole block of the frame that begins at `frameStart`. */
interface Cut {
  frameStart: number;
  blockEnd: number;
  isLastOfFrame: boolean;
}

/** Locates the frames and blocks of zstd data, as far as the bytes go. Unpacks nothing. */
function* cuts(bytes: Uint8Array): Generator<Cut> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const magic = view.getUint32(at, true);
    if (isSkippable(magic)) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== FRAME_MAGIC) {
      return;
    }
    const frameStart = at;
    const descriptor = view.getUint8(at + 4);
    at += frameHeaderBytes(descriptor);
    for (let isLastOfFrame = false; !isLastOfFrame;) {
      if (at + 3 > bytes.length) {
        return;
      }
      const head = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
      const isRunLength = ((head >>> 1) & 3) === 1;
      isLastOfFrame = (head & 1) === 1;
      at += 3 + (isRunLength ? 1 : head >>> 3);
      if (at > bytes.length) {
        return;
      }
      yield { frameStart, blockEnd: at, isLastOfFrame };
    }
    at += (descriptor & 4) === 0 ? 0 : 4;
  }
}

const unpackFrame = (piece: Uint8Array): Uint8Array | undefined => {
  try {
    return zstdDecompressSync(piece, {
      finishFlush: constants.ZSTD_e_flush,
      maxOutputLength: 2 * MAX_BLOCK_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
    });
  } catch {
    return undefined;
  }
};

/**
 * Unpacks the beginning of zstd data block by block, in growing views of at most `maxBytes`, up to the first damage. Each
 * view unpacks one frame from its start, because Node's decompressor stops at the end of a frame. Never throws.
 */
export function* unpackZstd(
  bytes: Uint8Array,
  maxBytes: number,
  work: { unpackedBytes: number; passes: number },
): Generator<Uint8Array> {
  let finished = new Uint8Array();
  let blocks = 0;
  for (const { frameStart, blockEnd, isLastOfFrame } of cuts(bytes)) {
    const out = unpackFrame(bytes.subarray(frameStart, blockEnd));
    blocks += 1;
    work.passes += 1;
    work.unpackedBytes += out?.byteLength ?? MAX_BLOCK_BYTES;
    if (!out) {
      return;
    }
    const whole = Buffer.concat([finished, out.subarray(0, maxBytes - finished.length)]);
    yield whole;
    if (whole.length >= maxBytes || blocks >= MAX_BLOCKS) {
      return;
    }
    finished = isLastOfFrame ? whole : finished;
  }
}
