/** A member of a struct of a .blend. */
export interface DnaField {
  /** Without the marks of pointers and arrays: `filepath`. */
  name: string;
  type: string;
  /** Of one element. */
  sizeBytes: number;
  /** From the beginning of the struct. */
  offset: number;
  /** 0 for a value, 1 for a pointer, 2 for a pointer to pointers. */
  pointers: 0 | 1 | 2;
  /** How many elements an array has; 1 for other members. */
  count: number;
  /** The struct of a value; undefined for numbers. */
  struct: DnaStruct | undefined;
}

export interface DnaStruct {
  name: string;
  sizeBytes: number;
  fields: ReadonlyMap<string, DnaField>;
}

/** The structs with which a .blend was written, in the order of their indices. Every file brings its own. */
export type Dna = readonly DnaStruct[];

/** `*next`, `mat[4][4]`, `(*function)()`. */
const MEMBER = /^(\**)(\w+)((?:\[\d+\])*)$/;

/**
 * Parses the payload of a `DNA1` block: the names of members, the types with their sizes, and the structs as
 * pairs of both. Source: Blender's makesdna.c. Throws a RangeError if the payload is damaged.
 */
export const parseDna = (payload: Buffer, isLittle: boolean, pointerBytes: 4 | 8): Dna => {
  let at = 4;
  const int = (): number => {
    const value = isLittle ? payload.readInt32LE(at) : payload.readInt32BE(at);
    at += 4;
    return value;
  };
  const short = (): number => {
    const value = isLittle ? payload.readUInt16LE(at) : payload.readUInt16BE(at);
    at += 2;
    return value;
  };
  const align = (): void => {
    at = Math.ceil(at / 4) * 4;
  };
  const section = (tag: string): void => {
    align();
    if (payload.toString('latin1', at, at + 4) !== tag) {
      throw new RangeError(`the description of the structs has no ${tag}`);
    }
    at += 4;
  };
  const texts = (tag: string): string[] => {
    section(tag);
    return Array.from({ length: int() }, () => {
      const end = payload.indexOf(0, at);
      if (end === -1) {
        throw new RangeError(`the description of the structs ends in ${tag}`);
      }
      const text = payload.toString('latin1', at, end);
      at = end + 1;
      return text;
    });
  };

  const members = texts('NAME');
  const types = texts('TYPE');
  section('TLEN');
  const sizes = types.map(() => short());
  section('STRC');
  const raw = Array.from({ length: int() }, () => ({
    type: short(),
    pairs: Array.from({ length: short() }, () => [short(), short()] as const),
  }));

  const structs = raw.map(({ type }) => ({
    name: types[type] ?? '',
    sizeBytes: sizes[type] ?? 0,
    fields: new Map<string, DnaField>(),
  }));
  const byType = new Map(structs.map((struct) => [struct.name, struct]));
  for (const [index, { pairs }] of raw.entries()) {
    let offset = 0;
    for (const [type, member] of pairs) {
      const [, stars = '', name, dimensions = ''] = MEMBER.exec(members[member] ?? '') ?? [];
      const isPointer = stars !== '' || name === undefined;
      const sizeBytes = isPointer ? pointerBytes : (sizes[type] ?? 0);
      const count = [...dimensions.matchAll(/\d+/g)].reduce((all, [n]) => all * Number(n), 1);
      const typeName = types[type] ?? '';
      // The others point to functions, which files do not hold.
      if (name !== undefined) {
        structs[index]?.fields.set(name, {
          name,
          type: typeName,
          sizeBytes,
          offset,
          pointers: Math.min(stars.length, 2) as 0 | 1 | 2,
          count,
          struct: isPointer ? undefined : byType.get(typeName),
        });
      }
      offset += sizeBytes * count;
    }
  }
  return structs;
};
