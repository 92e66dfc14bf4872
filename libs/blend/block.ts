import type { BlendHeader, BlockLayout } from './header.ts';

/** A block of a .blend: its four-letter code, and the bounds of its payload as offsets into the unpacked bytes. */
interface BlendBlock {
  code: string;
  start: number;
  /** May lie beyond the available bytes. Infinite if the length is negative or larger than any file. */
  end: number;
}

/** The layout of a block head: its size, and the place of the payload's length, an int32 or int64. */
const LAYOUTS = {
  small32: { sizeBytes: 20, lengthAt: 4, wide: false },
  small64: { sizeBytes: 24, lengthAt: 4, wide: false },
  large64: { sizeBytes: 32, lengthAt: 16, wide: true },
} satisfies Record<BlockLayout, unknown>;

const ascii = (view: DataView, at: number): string =>
  String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
  );

/** Reads the block head at `at`; undefined if the bytes end before the head does. Never throws. */
export const readBlock = (
  view: DataView,
  at: number,
  header: BlendHeader,
): BlendBlock | undefined => {
  const { sizeBytes, lengthAt, wide } = LAYOUTS[header.layout];
  if (at + sizeBytes > view.byteLength) {
    return undefined;
  }
  const little = header.endian === 'little';
  const length = wide
    ? Number(view.getBigInt64(at + lengthAt, little))
    : view.getInt32(at + lengthAt, little);
  const start = at + sizeBytes;
  return {
    code: ascii(view, at),
    start,
    end: length >= 0 && length < 2 ** 48 ? start + length : Number.NaN,
  };
};

/** A scene that the head of a .blend names, with its frame range, both ends included. */
export interface BlendScene {
  name: string;
  firstFrame: number;
  lastFrame: number;
}

const utf8 = new TextDecoder();

/** Reads the payload of a `REND` block: int32 first, int32 last, and a name that ends at the first zero or with the block. */
export const readRenderInfo = (
  view: DataView,
  { start, end }: BlendBlock,
  header: BlendHeader,
): BlendScene => {
  const little = header.endian === 'little';
  const name = new Uint8Array(view.buffer, view.byteOffset + start + 8, end - start - 8);
  const zero = name.indexOf(0);
  return {
    name: utf8.decode(zero < 0 ? name : name.subarray(0, zero)),
    firstFrame: view.getInt32(start, little),
    lastFrame: view.getInt32(start + 4, little),
  };
};

/** Whether a `REND` payload may have this size: 8 bytes of frames, then a name of 24 (2.5x), 64, or 256 bytes (5.0). */
export const isRenderInfoSize = (sizeBytes: number): boolean =>
  sizeBytes > 8 && sizeBytes <= 8 + 1_024;
