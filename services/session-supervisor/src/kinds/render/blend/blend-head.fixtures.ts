import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { BlendScene } from './blend-block.ts';

/** The shape of a .blend that a test builds: everything that varies in its head. */
export interface HeadShape {
  bits: 32 | 64;
  endian: 'little' | 'big';
  /** Whether header and block heads have the layout since 5.0. */
  wide: boolean;
  /** Three digits; four if `wide`. */
  version: string;
  nameBytes: number;
  scenes: readonly BlendScene[];
  /** Bytes of the thumbnail that follows. */
  thumbnailBytes?: number;
}

const int32 = (value: number, little: boolean): Buffer => {
  const out = Buffer.alloc(4);
  new DataView(out.buffer, out.byteOffset).setInt32(0, value, little);
  return out;
};

const int64 = (value: bigint, little: boolean): Buffer => {
  const out = Buffer.alloc(8);
  new DataView(out.buffer, out.byteOffset).setBigInt64(0, value, little);
  return out;
};

/** One block: its head in the layout of the shape, then the payload. `claimedBytes` lies about the length. */
export const block = (
  shape: HeadShape,
  code: string,
  payload: Uint8Array,
  claimedBytes = payload.length,
): Buffer => {
  const little = shape.endian === 'little';
  const letters = Buffer.from(code.padEnd(4, '\0'), 'latin1');
  const pointer = shape.bits === 32 ? int32(0x1234, little) : int64(0x7ffd_0000_1234n, little);
  const head = shape.wide
    ? [letters, int32(0, little), pointer, int64(BigInt(claimedBytes), little), int64(1n, little)]
    : [letters, int32(claimedBytes, little), pointer, int32(0, little), int32(1, little)];
  return Buffer.concat([...head, payload]);
};

export const renderInfo = (
  shape: HeadShape,
  { name, firstFrame, lastFrame }: BlendScene,
): Buffer => {
  const little = shape.endian === 'little';
  const letters = Buffer.alloc(shape.nameBytes);
  letters.write(name, 'utf8');
  return Buffer.concat([int32(firstFrame, little), int32(lastFrame, little), letters]);
};

export const fileHeader = ({ bits, endian, wide, version }: HeadShape): Buffer =>
  Buffer.from(
    wide
      ? `BLENDER17-01${endian === 'little' ? 'v' : 'V'}${version}`
      : `BLENDER${bits === 32 ? '_' : '-'}${endian === 'little' ? 'v' : 'V'}${version}`,
  );

/** The beginning of a .blend: header, one `REND` for each scene, thumbnail, globals. */
export const buildHead = (shape: HeadShape): Buffer =>
  Buffer.concat([
    fileHeader(shape),
    ...shape.scenes.map((scene) => block(shape, 'REND', renderInfo(shape, scene))),
    block(shape, 'TEST', Buffer.alloc(shape.thumbnailBytes ?? 1_032, 7)),
    block(shape, 'GLOB', Buffer.alloc(1_200, 1)),
    block(shape, 'ENDB', Buffer.alloc(0)),
  ]);

/** zstd as Blender writes it: one frame for each piece of the file, then a seek table in a skippable frame. */
export const zstdInFrames = (bytes: Uint8Array, pieceBytes: number): Buffer => {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    frames.push(zstdCompressSync(bytes.subarray(at, at + pieceBytes)));
  }
  const table = Buffer.alloc(9, 1);
  return Buffer.concat([...frames, int32(0x184d2a5e, true), int32(table.length, true), table]);
};

const scene = (name: string, firstFrame: number, lastFrame: number): BlendScene => ({
  name,
  firstFrame,
  lastFrame,
});

/** One shape of each kind of .blend that exists. */
export const SHAPES = {
  '2.56, 32 bit': {
    bits: 32,
    endian: 'little',
    wide: false,
    version: '256',
    nameBytes: 24,
    scenes: [scene('Scene', 1, 250)],
  },
  '2.63, 32 bit, big endian': {
    bits: 32,
    endian: 'big',
    wide: false,
    version: '263',
    nameBytes: 64,
    scenes: [scene('Scene', 0, 48)],
  },
  '2.79, 64 bit, big endian, two scenes': {
    bits: 64,
    endian: 'big',
    wide: false,
    version: '279',
    nameBytes: 64,
    scenes: [scene('Außen', 1, 10), scene('Innen', 100, 1_048_574)],
  },
  '3.4, 64 bit': {
    bits: 64,
    endian: 'little',
    wide: false,
    version: '304',
    nameBytes: 64,
    scenes: [scene('Scene', 0, 24)],
  },
  '5.0, 17-byte header, three scenes': {
    bits: 64,
    endian: 'little',
    wide: true,
    version: '0500',
    nameBytes: 256,
    scenes: [scene('A', 1, 1), scene('B', 2, 20), scene('C', 0, 0)],
  },
} satisfies Record<string, HeadShape>;

export const PACKINGS: Record<string, (bytes: Buffer) => Buffer> = {
  raw: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  'zstd in many frames': (bytes) => zstdInFrames(bytes, 50),
};
