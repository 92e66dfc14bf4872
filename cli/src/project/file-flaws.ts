import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FileUse } from '#libs/blend/index.ts';

const HEAD_BYTES = 512;
/** Some programs write more behind the end of a PNG. */
const TAIL_BYTES = 64 * 1024;

const LFS_POINTER = 'version https://git-lfs';

/** Pictures and fonts that begin with text. */
const RADIANCE = '#?';
const TEXT_FONTS = ['%!', 'STARTFONT'];

/** How files begin, as Latin-1, which has one character for each byte. `.` stands for any. */
const PICTURES = [
  '\x89PNG',
  '\xff\xd8\xff',
  'II*\0',
  'MM\0*',
  'II+\0',
  'MM\0+',
  'v/1\x01',
  'RIFF....WEBP',
  RADIANCE,
  'BM',
  'SDPX',
  'XPDS',
  '\x80*_\xd7',
  '\xd7_*\x80',
  '\x01\xda',
  'DDS ',
  '8BPS',
  '\0\0\0\x0cjP  ',
  '\xffO\xffQ',
];
const MOVIES = [
  'RIFF....AVI',
  '....ftyp',
  '....moov',
  '....mdat',
  '....wide',
  '....free',
  '....skip',
  '\x1aE\xdf\xa3',
  'OggS',
  'FLV',
  'GIF8',
  '0&\xb2u',
  '\0\0\x01',
  'G',
  '\x1f\x07\0',
  '\x06\x0e+4',
];
const PICTURE_NAMES = /\.(png|jpe?g|tiff?|exr|webp|hdr|bmp|tga|dpx|cin|sgi|rgb|dds|psd|jp2|j2c)$/i;

interface Head {
  bytes: Buffer;
  tail: Buffer;
}

const begins = ({ bytes }: Head, beginnings: readonly string[]): boolean => {
  const text = bytes.toString('latin1');
  return beginnings.some((beginning) =>
    Array.from(beginning).every((character, i) => character === '.' || character === text[i]),
  );
};

/** Targa has no mark, so Blender looks whether its numbers make sense. */
const isTarga = ({ bytes }: Head): boolean =>
  bytes.length >= 18 &&
  bytes.readUInt8(1) <= 1 &&
  [1, 2, 3, 9, 10, 11, 32, 33].includes(bytes.readUInt8(2)) &&
  bytes.readUInt16LE(12) > 0 &&
  bytes.readUInt16LE(14) > 0 &&
  bytes.readUInt8(16) > 0 &&
  bytes.readUInt8(16) <= 32;

/** Whether it is text, as far as read: a page of a web server that was saved as a picture, for example. */
const isText = ({ bytes }: Head): boolean => {
  // The end of what was read may be inside a character.
  const whole = [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)));
  return whole && bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
};

const pictureFlaw = (head: Head, path: string): string | undefined => {
  if (begins(head, ['\x89PNG']) && !head.tail.includes('IEND')) {
    return 'was cut off';
  }
  if (isText(head) && !begins(head, [RADIANCE])) {
    return 'is no picture';
  }
  if (begins(head, PICTURES) || begins(head, MOVIES) || isTarga(head)) {
    return undefined;
  }
  // Blender asks ffmpeg for what it does not know.
  return PICTURE_NAMES.test(path) ? 'is no picture' : undefined;
};

const cacheFlaw = (head: Head, path: string): string | undefined => {
  const name = extname(path).toLowerCase();
  if (name === '.abc') {
    return begins(head, ['Ogawa', '\x89HDF']) ? undefined : 'is no Alembic file';
  }
  if (/^\.usd[acz]?$/.test(name)) {
    return begins(head, ['PXR-USDC', '#usda', 'PK\x03\x04']) ? undefined : 'is no USD file';
  }
  return undefined;
};

const kindFlaw = (head: Head, kind: string, path: string): string | undefined => {
  switch (kind) {
    case 'image':
    case 'strip':
    case 'clip':
      return pictureFlaw(head, path);
    case 'font':
      return isText(head) && !begins(head, TEXT_FONTS) ? 'is no font' : undefined;
    case 'volume':
      return begins(head, [' BDV']) ? undefined : 'is no OpenVDB file';
    case 'cache':
      return cacheFlaw(head, path);
    case 'library':
      return begins(head, ['BLENDER', '\x1f\x8b', '(\xb5/\xfd']) ? undefined : 'is no .blend';
    default:
      return undefined;
  }
};

/**
 * Why Blender cannot read a file of this machine, as its first bytes tell; undefined if they tell nothing. Blender renders
 * pink, black or nothing in its place, and says no word.
 */
export const flawOf = async (
  path: string,
  { kind, form }: Pick<FileUse, 'kind' | 'form'>,
): Promise<string | undefined> => {
  await using file = await open(path);
  const { size } = await file.stat();
  const read = async (count: number, at: number): Promise<Buffer> => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
    return buffer.subarray(0, bytesRead);
  };
  const bytes = await read(HEAD_BYTES, 0);
  if (bytes.toString('latin1').startsWith(LFS_POINTER)) {
    return 'is a pointer of Git LFS: git lfs pull';
  }
  // A folder of a cache may hold anything.
  if (form === 'folder' || form === 'blendcache') {
    return undefined;
  }
  if (size === 0) {
    return 'is empty';
  }
  const isPng = bytes.subarray(1, 4).toString('latin1') === 'PNG';
  const tail = isPng ? await read(TAIL_BYTES, Math.max(0, size - TAIL_BYTES)) : bytes;
  return kindFlaw({ bytes, tail }, kind, path);
};
