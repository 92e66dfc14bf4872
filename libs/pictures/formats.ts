import { BadPicture, type Size } from './pixels.ts';

/** The extensions of the files that frames can be. */
export const EXTENSIONS = ['png', 'jpg', 'exr', 'tif', 'webp'] as const;
export type Extension = (typeof EXTENSIONS)[number];

interface Format {
  name: 'png' | 'jpeg' | 'exr' | 'tiff' | 'webp';
  /** Whether a file with these first bytes claims to be one. */
  isBegunBy: (beginning: Buffer) => boolean;
  /** The bytes of a pixel without compression, at most; undefined: as many as it has channels. */
  pixelBytes: number | undefined;
}

const startsWith =
  (...magics: readonly string[]) =>
  (beginning: Buffer): boolean =>
    magics.some((magic) => beginning.toString('latin1', 0, magic.length) === magic);

const FORMATS: Readonly<Record<Extension, Format>> = {
  png: { name: 'png', isBegunBy: startsWith('\x89PNG\r\n\x1a\n'), pixelBytes: 8 },
  jpg: { name: 'jpeg', isBegunBy: startsWith('\xff\xd8\xff'), pixelBytes: 4 },
  tif: { name: 'tiff', isBegunBy: startsWith('II*\0', 'MM\0*'), pixelBytes: 8 },
  webp: {
    name: 'webp',
    isBegunBy: (bytes) => startsWith('RIFF')(bytes) && bytes.toString('latin1', 8, 12) === 'WEBP',
    pixelBytes: 4,
  },
  exr: { name: 'exr', isBegunBy: startsWith('\x76\x2f\x31\x01'), pixelBytes: undefined },
};

/** As people and sharp call the format. */
export const nameOf = (extension: Extension): Format['name'] => FORMATS[extension].name;

/** So many bytes tell the format. */
export const MAGIC_BYTES = 12;

/** No picture is longer, whatever its size in pixels: renderers may write no longer file. */
export const MAX_PICTURE_BYTES = 4 * 1_024 ** 3;

/** What a file may have beside its samples: date, scene, camera, notes, colour profile. */
const EXTRA_BYTES = 1_024 ** 2;
/** What packing may add to samples that cannot be packed, as a share of them. */
const PACKING = 1 / 8;

/** Whether somebody can check files with this extension. */
export const isExtension = (extension: string): extension is Extension =>
  Object.hasOwn(FORMATS, extension);

/** The longest file of so many bytes of samples. */
export const longestFile = (sampleBytes: number): number =>
  Math.min(MAX_PICTURE_BYTES, Math.ceil(sampleBytes * (1 + PACKING)) + EXTRA_BYTES);

/** The longest file that a picture of this size needs, whatever its depth and channels. */
export const maxFileBytes = (extension: Extension, size: Size | undefined): number => {
  const { pixelBytes } = FORMATS[extension];
  return pixelBytes === undefined || size === undefined
    ? MAX_PICTURE_BYTES
    : longestFile(size.width * size.height * pixelBytes);
};

/** Throws BadPicture if a file is longer than it may be. */
export const checkLength = (sizeBytes: number, maxBytes: number): void => {
  if (sizeBytes > maxBytes) {
    throw new BadPicture(
      `the picture has ${sizeBytes} bytes; one of its size has at most ${maxBytes}`,
    );
  }
};

/** Throws BadPicture unless a file begins as its extension says. No decoder sees it before. */
export const checkFormat = (extension: Extension, beginning: Buffer): void => {
  if (FORMATS[extension].isBegunBy(beginning)) {
    return;
  }
  const name = nameOf(extension);
  const other = Object.values(FORMATS).find(({ isBegunBy }) => isBegunBy(beginning));
  throw new BadPicture(
    other === undefined
      ? `the picture does not decode: it is no ${name} file`
      : `the picture is ${other.name}, not ${name}`,
  );
};
