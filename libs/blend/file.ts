import { readBlock } from './block.ts';
import { type Dna, parseDna } from './dna.ts';
import { blendFileCut, blendFileEmpty, notABlendFile } from './errors.ts';
import { type BlendHeader, readBlendHeader } from './header.ts';
import type { BlendSource } from './source.ts';

/** A block that was kept: an array of one struct. */
export interface FileBlock {
  /** `SC` for a scene, `DATA` for what belongs to the data-block before it. */
  code: string;
  /** Where it was in Blender's memory; pointers name it. */
  address: bigint;
  /** The index of its struct in the file's own description. */
  struct: number;
  count: number;
  payload: Buffer;
}

/** The blocks of a .blend that may name files, and the description of their structs. */
export interface BlendFile {
  header: BlendHeader;
  dna: Dna;
  blocks: readonly FileBlock[];
  at(address: bigint): FileBlock | undefined;
}

/** Vertices, pixels and the like, which name no files. */
const MAX_KEPT_BYTES = 256 * 1024;
/** For all blocks together: a file with more settings than this is hostile. */
const MAX_ALL_KEPT_BYTES = 1024 ** 3;
/** Each takes some hundred bytes beside its payload. */
const MAX_KEPT_BLOCKS = 500_000;
const MAX_DNA_BYTES = 16 * 1024 ** 2;

const HEAD_BYTES = { small32: 20, small64: 24, large64: 32 } as const;

/** Address, struct and count of a block head, which `readBlock` leaves out. */
const placeOf = (
  head: Buffer,
  { layout, endian }: BlendHeader,
): Pick<FileBlock, 'address' | 'struct' | 'count'> => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isLittle = endian === 'little';
  switch (layout) {
    case 'small32':
      return {
        address: BigInt(view.getUint32(8, isLittle)),
        struct: view.getInt32(12, isLittle),
        count: view.getInt32(16, isLittle),
      };
    case 'small64':
      return {
        address: view.getBigUint64(8, isLittle),
        struct: view.getInt32(16, isLittle),
        count: view.getInt32(20, isLittle),
      };
    case 'large64':
      return {
        struct: view.getInt32(4, isLittle),
        address: view.getBigUint64(8, isLittle),
        count: Number(view.getBigInt64(24, isLittle)),
      };
    default:
      return layout satisfies never;
  }
};

/**
 * Reads the structure of a whole .blend. Large blocks are passed over. Rejects with DomainError `NOT_A_BLEND_FILE`,
 * `BLEND_FILE_EMPTY`, `BLEND_FILE_TRUNCATED` or `BLEND_FORMAT_UNKNOWN`, and with a RangeError if the file is damaged or has
 * more blocks than any that people make.
 */
export const readBlendFile = async (source: BlendSource): Promise<BlendFile> => {
  const beginning = await source.take(12);
  if (beginning.length === 0) {
    throw blendFileEmpty();
  }
  let header = readBlendHeader(beginning);
  header ??= readBlendHeader(Buffer.concat([beginning, await source.take(5)]));
  if (header === undefined) {
    throw notABlendFile(beginning);
  }
  const headBytes = HEAD_BYTES[header.layout];
  const blocks: FileBlock[] = [];
  const byAddress = new Map<bigint, FileBlock>();
  let dna: Dna | undefined;
  let keptBytes = 0;
  for (;;) {
    const head = await source.take(headBytes);
    const block = readBlock(new DataView(head.buffer, head.byteOffset, head.byteLength), 0, header);
    if (block === undefined && dna === undefined) {
      throw blendFileCut();
    }
    if (block === undefined || Number.isNaN(block.end)) {
      throw new RangeError('the file is cut off or damaged');
    }
    const code = block.code.replaceAll('\0', '');
    if (code === 'ENDB') {
      break;
    }
    const sizeBytes = block.end - block.start;
    if (code === 'DNA1' && sizeBytes <= MAX_DNA_BYTES) {
      const pointerBytes = header.layout === 'small32' ? 4 : 8;
      dna = parseDna(await source.take(sizeBytes), header.endian === 'little', pointerBytes);
    } else if (sizeBytes <= MAX_KEPT_BYTES && keptBytes + sizeBytes <= MAX_ALL_KEPT_BYTES) {
      // A copy, because a view would keep the whole window or frame that it came in.
      const payload = Buffer.from(await source.take(sizeBytes));
      keptBytes += payload.length;
      if (blocks.length === MAX_KEPT_BLOCKS) {
        throw new RangeError(`the file has more than ${MAX_KEPT_BLOCKS} blocks`);
      }
      const kept = { code, payload, ...placeOf(head, header) };
      blocks.push(kept);
      byAddress.set(kept.address, kept);
    } else {
      await source.skip(sizeBytes);
    }
  }
  if (dna === undefined) {
    throw new RangeError('the file does not describe its structs');
  }
  return { header, dna, blocks, at: (address) => byAddress.get(address) };
};
