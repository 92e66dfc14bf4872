import { blendFormatUnknown, notABlendFile } from './errors.ts';

/** The layout of the block heads in a .blend: 20 or 24 bytes (until 4.x), or 32 bytes (since 5.0). */
export type BlockLayout = 'small32' | 'small64' | 'large64';

export interface BlenderVersion {
  major: number;
  minor: number;
}

/** The first 12 (until 4.x) or 17 bytes (since 5.0) of a .blend. */
export interface BlendHeader {
  sizeBytes: 12 | 17;
  endian: 'little' | 'big';
  layout: BlockLayout;
  version: BlenderVersion;
  /** As people write it: `2.79`, `3.4`, `5.0`. */
  versionText: string;
}

const MAGIC = 'BLENDER';
const OLD = /^BLENDER([-_])([vV])(\d{3})/;
const NEW = /^BLENDER(\d\d)-(\d\d)([vV])(\d{4})/;
const latin1 = new TextDecoder('latin1');

const versionOf = (digits: string): Pick<BlendHeader, 'version' | 'versionText'> => {
  const major = Math.floor(Number(digits) / 100);
  const minor = Number(digits) % 100;
  // Until 2.93 the second part had two digits (2.80 came after 2.79); 3.0 began to count from 0.
  return {
    version: { major, minor },
    versionText: `${major}.${String(minor).padStart(major < 3 ? 2 : 1, '0')}`,
  };
};

const endianOf = (letter: string | undefined): BlendHeader['endian'] =>
  letter === 'V' ? 'big' : 'little';

/** Reads a header; undefined if more bytes are needed. Throws `NOT_A_BLEND_FILE`, `BLEND_FORMAT_UNKNOWN`. */
export const readBlendHeader = (bytes: Uint8Array): BlendHeader | undefined => {
  const text = latin1.decode(bytes.subarray(0, 17));
  if (!text.startsWith(MAGIC.slice(0, text.length))) {
    throw notABlendFile(bytes);
  }
  if (text.length < 12) {
    return undefined;
  }
  const old = OLD.exec(text);
  if (old) {
    const layout = old[1] === '_' ? 'small32' : 'small64';
    return { sizeBytes: 12, endian: endianOf(old[2]), layout, ...versionOf(old[3] ?? '') };
  }
  if (!/^\d/.test(text.slice(MAGIC.length))) {
    throw notABlendFile(bytes);
  }
  if (text.length < 17) {
    return undefined;
  }
  const recent = NEW.exec(text);
  if (recent?.[1] !== '17' || recent[2] !== '01') {
    throw blendFormatUnknown(text.slice(MAGIC.length));
  }
  return {
    sizeBytes: 17,
    endian: endianOf(recent[3]),
    layout: 'large64',
    ...versionOf(recent[4] ?? ''),
  };
};
