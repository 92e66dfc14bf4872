import type { BlendHeader, BlockLayout } from './blend-header.ts';

/** Where a block of a .blend lies: its four-letter code, and its payload as offsets into the unpacked bytes. */
export interface BlendBlock {
  code: string;
  start: number;
  /** May lie beyond the bytes at hand. Not finite where the length is negative or beyond every file. */
  end: number;
}

/** The head of a block: its size, and where the payload's length is in it, as int32 or int64. */
const LAYOUTS = {
  small32: { sizeBytes: 20, lengthAt: 4, wide: false },
  small64: { sizeBytes: 24, lengthAt: 4, wide: false },
  large64: { sizeBytes: 32, lengthAt: 16, wide: true },
} satisfies Record<BlockLayout, unknown>;

const ascii = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** Reads the block head at `at`; undefined where the bytes end before it does. Throws nothing. */
export const readBlock = (view: DataView, at: number, header: BlendHeader): BlendBlock | undefined => {
  const { sizeBytes, lengthAt, wide } = LAYOUTS[header.layout];
  if (at + sizeBytes > view.byteLength) {
    return undefined;
  }
  const little = header.endian === 'little';
  const length = wide ? Number(view.getBigInt64(at + lengthAt, little)) : view.getInt32(at + lengthAt, little);
  const start = at + sizeBytes;
  return { code: ascii(view, at), start, end: length >= 0 && length < 2 ** 48 ? start + length : Number.NaN };
};

/** A scene as the head of a .blend names it. Frames are Blender's, both ends belong to the range. */
export interface BlendScene {
  name: string;
  firstFrame: number;
  lastFrame: number;
}

const utf8 = new TextDecoder();

/** The payload of a `REND` block: int32 first, int32 last, and a name that ends at the first zero or with the block. */
export const readRenderInfo = (view: DataView, { start, end }: BlendBlock, header: BlendHeader): BlendScene => {
  const little = header.endian === 'little';
  const name = new Uint8Array(view.buffer, view.byteOffset + start + 8, end - start - 8);
  const zero = name.indexOf(0);
  return {
    name: utf8.decode(zero < 0 ? name : name.subarray(0, zero)),
    firstFrame: view.getInt32(start, little),
    lastFrame: view.getInt32(start + 4, little),
  };
};

/** Sizes that a `REND` payload may have: 8 bytes of frames and a name of 24 (2.5x), 64, or 256 bytes (5.0). */
export const isRenderInfoSize = (sizeBytes: number): boolean => sizeBytes > 8 && sizeBytes <= 8 + 1_024;
