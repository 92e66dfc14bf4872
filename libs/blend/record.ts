import type { DnaField, DnaStruct } from './dna.ts';
import type { BlendFile, FileBlock } from './file.ts';
import { rawText } from './raw-text.ts';

/**
 * One struct of a .blend. Members are named as the file's own description names them, with dots for members of
 * members: `r.frame_step`. A member that this version of Blender does not have is 0, empty or undefined.
 */
export interface BlendRecord {
  readonly struct: DnaStruct;
  /** Identity: two records are the same if their keys are. */
  readonly key: string;
  has(path: string): boolean;
  /** A number, or the first of an array. */
  number(path: string): number;
  /** Text up to the first zero. Bytes that are not UTF-8 are kept as Latin-1. */
  text(path: string): string;
  /** The path of a file, up to the first zero. Bytes that are not UTF-8 are kept as `rawText` says. */
  filePath(path: string): string;
  /** The record that a pointer leads to. */
  ref(path: string): BlendRecord | undefined;
  /** Whether a pointer is set, even if its target is not in the file. */
  isSet(path: string): boolean;
  /** The records of a pointer to an array of structs, or of an array of such pointers. */
  array(path: string): BlendRecord[];
  /** The records of a pointer to pointers. */
  refs(path: string): BlendRecord[];
  /** The records of a `ListBase`. */
  list(path: string): BlendRecord[];
}

/** A list that is longer is damaged, or a ring. */
const MAX_LIST = 1_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const decode = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};

const memberOf = (struct: DnaStruct, path: string): DnaField | undefined => {
  let within: DnaStruct | undefined = struct;
  let offset = 0;
  let field: DnaField | undefined;
  for (const name of path.split('.')) {
    field = within?.fields.get(name);
    if (field === undefined) {
      return undefined;
    }
    offset += field.offset;
    within = field.struct;
  }
  return field === undefined ? undefined : { ...field, offset };
};

const numberAt = (
  bytes: Buffer,
  { type, sizeBytes, offset }: DnaField,
  isLittle: boolean,
): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + sizeBytes > bytes.length) {
    return 0;
  }
  switch (type) {
    case 'float':
      return view.getFloat32(offset, isLittle);
    case 'double':
      return view.getFloat64(offset, isLittle);
    case 'uint64_t':
    case 'int64_t':
      return Number(view.getBigInt64(offset, isLittle));
    case 'ushort':
      return view.getUint16(offset, isLittle);
    case 'uchar':
    case 'uint8_t':
      return view.getUint8(offset);
    default:
      if (sizeBytes === 4) {
        return view.getInt32(offset, isLittle);
      }
      return sizeBytes === 2 ? view.getInt16(offset, isLittle) : view.getInt8(offset);
  }
};

/** The record of `struct` at `offset` of a block's payload. */
const recordAt = (
  file: BlendFile,
  block: FileBlock,
  struct: DnaStruct,
  offset: number,
): BlendRecord => {
  const bytes = block.payload.subarray(offset, offset + struct.sizeBytes);
  const isLittle = file.header.endian === 'little';
  const isNarrow = file.header.layout === 'small32';
  const member = (path: string): DnaField | undefined => memberOf(struct, path);

  const addressAt = (from: Buffer, at: number): bigint => {
    if (at + (isNarrow ? 4 : 8) > from.length) {
      return 0n;
    }
    const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
    return isNarrow ? BigInt(view.getUint32(at, isLittle)) : view.getBigUint64(at, isLittle);
  };
  const target = (field: DnaField | undefined): FileBlock | undefined =>
    field === undefined || field.pointers === 0
      ? undefined
      : file.at(addressAt(bytes, field.offset));
  const textBytes = (path: string): Buffer => {
    const field = member(path);
    if (field === undefined) {
      return Buffer.alloc(0);
    }
    // Since 5.0 some texts are pointers to characters.
    const all =
      field.pointers === 0
        ? bytes.subarray(field.offset, field.offset + field.count)
        : (target(field)?.payload ?? Buffer.alloc(0));
    const end = all.indexOf(0);
    return end === -1 ? all : all.subarray(0, end);
  };
  const first = (to: FileBlock | undefined): BlendRecord | undefined =>
    to === undefined ? undefined : recordsOf(file, to, 1)[0];

  return {
    struct,
    key: `${block.address}+${offset}`,
    has: (path) => member(path) !== undefined,
    number: (path) => {
      const field = member(path);
      return field === undefined ? 0 : numberAt(bytes, field, isLittle);
    },
    text: (path) => decode(textBytes(path)),
    filePath: (path) => rawText(textBytes(path)),
    ref: (path) => first(target(member(path))),
    isSet: (path) => {
      const field = member(path);
      return field !== undefined && addressAt(bytes, field.offset) !== 0n;
    },
    array: (path) => {
      const field = member(path);
      if (field === undefined || field.pointers === 0) {
        return [];
      }
      return Array.from({ length: field.count }, (_, i) =>
        file.at(addressAt(bytes, field.offset + i * (isNarrow ? 4 : 8))),
      ).flatMap((to) => (to === undefined ? [] : recordsOf(file, to)));
    },
    refs: (path) => {
      const to = target(member(path));
      if (to === undefined) {
        return [];
      }
      const step = isNarrow ? 4 : 8;
      return Array.from({ length: Math.floor(to.payload.length / step) }, (_, i) =>
        first(file.at(addressAt(to.payload, i * step))),
      ).filter((record) => record !== undefined);
    },
    list: (path) => {
      const found: BlendRecord[] = [];
      const start = member(`${path}.first`);
      const seen = new Set<string>();
      for (
        let each = first(target(start));
        each && !seen.has(each.key) && found.length < MAX_LIST;
      ) {
        seen.add(each.key);
        found.push(each);
        // Members of a list begin with the link, data-blocks and modifiers with a struct that begins with it.
        const [head = ''] = each.struct.fields.keys();
        each = each.ref('next') ?? each.ref(`${head}.next`);
      }
      return found;
    },
  };
};

/** The records of a block. Empty for raw data, for example characters. */
export const recordsOf = (file: BlendFile, block: FileBlock, atMost = Infinity): BlendRecord[] => {
  const struct = file.dna[block.struct];
  if (struct === undefined || struct.sizeBytes === 0) {
    return [];
  }
  const held = Math.floor(block.payload.length / struct.sizeBytes);
  const count = Math.max(0, Math.min(block.count, held, atMost));
  return Array.from({ length: count }, (_, i) =>
    recordAt(file, block, struct, i * struct.sizeBytes),
  );
};
