import { BadExr } from './errors.ts';

/** A channel of pixels: one number for each. */
export interface ExrChannel {
  /** `R`, or of several layers `ViewLayer.Combined.R`. */
  name: string;
  /** 2 for half floats, 4 for floats and whole numbers. */
  sampleBytes: 2 | 4;
}

/** A part of a file: since Blender 5 each layer is one, before all layers are in one. */
export interface ExrPart {
  width: number;
  height: number;
  /** Empty where there is only one. */
  name: string;
  /** In alphabetical order, as rows hold them. */
  channels: readonly ExrChannel[];
  compression: number;
  /** How many chunks of rows it has. */
  chunks: number;
}

/** The beginning of a file. */
export interface ExrHead {
  parts: readonly [ExrPart, ...ExrPart[]];
  hasSeveralParts: boolean;
  /** How long it is; the places of the chunks follow. */
  bytes: number;
}

/** Rows per chunk for each compression of the format, by its number: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
export const ROWS_PER_CHUNK = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];
const MAGIC = 0x01312f76;
const MANY_PARTS = 0x1000;
/** Flags of tiled and deep files, which Blender does not write. */
const OTHER_KINDS = 0x200 | 0x800;
const MAX_PARTS = 1_024;
/** Larger pictures do not fit into memory. */
const MAX_PIXELS = 2 ** 29;

/** The cursor of a buffer. Reading beyond its end throws RangeError. */
const reader = (bytes: Buffer, start: number) => {
  let at = start;
  return {
    at: () => at,
    isAtZero: () => bytes.readUInt8(at) === 0,
    skip: (length: number) => void (at += length),
    text: (): string => {
      const end = bytes.indexOf(0, at);
      if (end === -1) {
        throw new RangeError('a name is cut off');
      }
      const found = bytes.toString('utf8', at, end);
      at = end + 1;
      return found;
    },
    number: (): number => {
      const found = bytes.readInt32LE(at);
      at += 4;
      return found;
    },
  };
};
type Reader = ReturnType<typeof reader>;

const channelsOf = (from: Reader): ExrChannel[] => {
  const channels: ExrChannel[] = [];
  while (!from.isAtZero()) {
    const name = from.text();
    const type = from.number();
    // Linearity, and how many pixels share a sample: 1 by 1 in all that Blender writes.
    from.skip(4);
    if (from.number() !== 1 || from.number() !== 1) {
      throw new RangeError(`${name} does not have a sample for each pixel`);
    }
    channels.push({ name, sampleBytes: type === 1 ? 2 : 4 });
  }
  return channels;
};

/** Reads the attributes of a part: name, 0, type, 0, length, value; an empty name ends them. */
const partOf = (bytes: Buffer, from: Reader): ExrPart => {
  let name = '';
  let channels: ExrChannel[] | undefined;
  let compression: number | undefined;
  let size: { width: number; height: number } | undefined;
  for (let attribute = from.text(); attribute !== ''; attribute = from.text()) {
    from.text();
    const length = from.number();
    const at = from.at();
    if (length < 0 || at + length > bytes.length) {
      throw new RangeError('an attribute is cut off');
    }
    if (attribute === 'compression') {
      compression = bytes.readUInt8(at);
    } else if (attribute === 'name') {
      name = bytes.toString('utf8', at, at + length);
    } else if (attribute === 'channels') {
      channels = channelsOf(reader(bytes, at));
    } else if (attribute === 'dataWindow') {
      const [xMin = 0, yMin = 0, xMax = 0, yMax = 0] = [0, 4, 8, 12].map((offset) =>
        bytes.readInt32LE(at + offset),
      );
      size = { width: xMax - xMin + 1, height: yMax - yMin + 1 };
    }
    from.skip(length);
  }
  if (compression === undefined || size === undefined || channels === undefined) {
    throw new RangeError('no compression, no size or no channels');
  }
  if (size.width < 1 || size.height < 1 || size.width * size.height > MAX_PIXELS) {
    throw new BadExr(`the picture is ${size.width}×${size.height} pixels`);
  }
  const chunks = Math.ceil(size.height / (ROWS_PER_CHUNK[compression] ?? 1));
  return { name, channels, compression, ...size, chunks };
};

/**
 * Reads the head of an OpenEXR file. Throws BadExr if it is none that Blender writes, and RangeError if `bytes` end before the
 * head does. Format: https://openexr.com/en/latest/OpenEXRFileLayout.html
 */
export const parseExrHead = (bytes: Buffer): ExrHead => {
  const flags = bytes.readUInt32LE(4);
  if (bytes.readUInt32LE(0) !== MAGIC || (flags & OTHER_KINDS) !== 0) {
    throw new BadExr('the picture is no OpenEXR file of rows');
  }
  const hasSeveralParts = (flags & MANY_PARTS) !== 0;
  const from = reader(bytes, 8);
  const parts: [ExrPart, ...ExrPart[]] = [partOf(bytes, from)];
  if (hasSeveralParts) {
    while (!from.isAtZero() && parts.length < MAX_PARTS) {
      parts.push(partOf(bytes, from));
    }
  }
  // An empty head ends those of several parts.
  return { parts, hasSeveralParts, bytes: from.at() + (hasSeveralParts ? 1 : 0) };
};
