import { execFile } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { OverlayOptions, Sharp } from 'sharp';
import { shownLayer, withExrFile } from '#libs/exr/index.ts';
// Not the index, because only this file of the command line decodes.
import { sharp } from '#libs/pictures/loaders.ts';
import { spread } from './spread.ts';

const run = promisify(execFile);

/** Beyond this the pictures would be too small to see anything. */
const MAX_PICTURES = 120;
const SHEET_WIDTH = 1_920;
const GAP = 4;
const JPEG_QUALITY = 90;
const BACKGROUND = { r: 24, g: 24, b: 24 };
const DECODE_TIMEOUT_MS = 60_000;

interface Grid {
  columns: number;
  rows: number;
  /** Of one picture, in pixels. */
  width: number;
  height: number;
}

/** A grid for so many pictures of one aspect ratio, about as wide as a screen and near its shape. */
export const gridFor = (count: number, aspect: number): Grid => {
  const columns = Math.max(1, Math.min(count, Math.round(Math.sqrt((count * 16) / 9 / aspect))));
  const width = Math.max(16, Math.floor((SHEET_WIDTH - GAP * (columns + 1)) / columns));
  return {
    columns,
    rows: Math.ceil(count / columns),
    width,
    height: Math.max(1, Math.round(width / aspect)),
  };
};

/** The path of a frame (PNG, JPEG, OpenEXR), or the bytes of a preview. */
type Picture = string | Buffer;

/** Puts pictures side by side into one PNG, or a JPEG if the name of `target` says so. Answers for how many there is a place on it. */
export const writeContactSheet = async (
  pictures: readonly Picture[],
  target: string,
): Promise<number> => {
  const chosen = spread(pictures, MAX_PICTURES);
  const [first] = chosen;
  if (first === undefined) {
    return 0;
  }
  const { width, height } = await opened(first)
    .then((picture) => picture.metadata())
    .catch(unlessPreview(first, { width: 16, height: 9 }));
  const grid = gridFor(chosen.length, width / height);
  const tiles: OverlayOptions[] = [];
  for (const [i, picture] of chosen.entries()) {
    const input = await drawTile(picture, grid).catch(unlessPreview(picture, undefined));
    if (input === undefined) {
      continue;
    }
    tiles.push({
      input,
      left: GAP + (i % grid.columns) * (grid.width + GAP),
      top: GAP + Math.floor(i / grid.columns) * (grid.height + GAP),
    });
  }
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.part`;
  const sheet = sharp({
    create: {
      width: GAP + grid.columns * (grid.width + GAP),
      height: GAP + grid.rows * (grid.height + GAP),
      channels: 3,
      background: BACKGROUND,
    },
  }).composite(tiles);
  const isJpeg = /\.jpe?g$/i.test(target);
  await (isJpeg ? sheet.jpeg({ quality: JPEG_QUALITY }) : sheet.png()).toFile(draft);
  await rename(draft, target);
  return chosen.length;
};

const drawTile = async (picture: Picture, { width, height }: Grid): Promise<Buffer> =>
  (await opened(picture))
    .resize(width, height, { fit: 'contain', background: BACKGROUND })
    .flatten({ background: BACKGROUND })
    .toColourspace('srgb')
    .png({ compressionLevel: 1 })
    .toBuffer();

/** Nobody checked a preview, so one that cannot be shown is left out. Frames were checked. */
const unlessPreview =
  <T>(picture: Picture, without: T) =>
  (error: unknown): T => {
    if (typeof picture === 'string') {
      throw error;
    }
    return without;
  };

/** Agents make previews of at most 512 pixels a side. */
const MAX_PREVIEW_PIXELS = 1_024 * 1_024;

const opened = async (picture: Picture): Promise<Sharp> =>
  typeof picture === 'string'
    ? sharp(await readable(picture))
    : sharp(picture, { limitInputPixels: MAX_PREVIEW_PIXELS });

/**
 * A picture in a form that sharp reads: its prebuilt binaries do not read OpenEXR. ffmpeg does, one layer of it, and converts
 * linear light for screens.
 */
export const readable = async (path: string): Promise<string | Buffer> => {
  if (!path.endsWith('.exr')) {
    return path;
  }
  const layer = await withExrFile(path, async ({ head }) => shownLayer(head));
  if (layer === undefined) {
    throw new Error(`${path} holds passes alone`);
  }
  const toScreen = `-v error -apply_trc iec61966_2_1 -layer`.split(' ');
  toScreen.push(layer, '-i', path, '-frames:v', '1');
  const { stdout } = await run('ffmpeg', [...toScreen, '-f', 'image2pipe', '-c:v', 'png', '-'], {
    encoding: 'buffer',
    maxBuffer: 2 ** 30,
    timeout: DECODE_TIMEOUT_MS,
  });
  return stdout;
};
