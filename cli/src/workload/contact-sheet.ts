import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { promisify } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';

const run = promisify(execFile);

/** Beyond this the pictures would be too small to see anything. */
const MAX_PICTURES = 120;
const SHEET_WIDTH = 1_920;
const GAP = 4;
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

/** At most `most` of the items, evenly spread, the first and the last among them. */
export const spread = <T>(items: readonly T[], most: number): T[] => {
  if (items.length <= most) {
    return [...items];
  }
  const step = (items.length - 1) / (most - 1);
  const chosen = new Set(Array.from({ length: most }, (_, i) => Math.round(i * step)));
  return items.filter((_, i) => chosen.has(i));
};

/** Puts pictures (PNG, JPEG, OpenEXR) side by side into one PNG. Answers how many are on it. */
export const writeContactSheet = async (
  paths: readonly string[],
  target: string,
): Promise<number> => {
  const chosen = spread(paths, MAX_PICTURES);
  const [first] = chosen;
  if (first === undefined) {
    return 0;
  }
  const { width, height } = await sharp(await readable(first)).metadata();
  const grid = gridFor(chosen.length, width / height);
  const tiles: OverlayOptions[] = [];
  for (const [i, path] of chosen.entries()) {
    const input = await sharp(await readable(path))
      .resize(grid.width, grid.height, { fit: 'contain', background: BACKGROUND })
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .png({ compressionLevel: 1 })
      .toBuffer();
    tiles.push({
      input,
      left: GAP + (i % grid.columns) * (grid.width + GAP),
      top: GAP + Math.floor(i / grid.columns) * (grid.height + GAP),
    });
  }
  const draft = `${target}.part`;
  await sharp({
    create: {
      width: GAP + grid.columns * (grid.width + GAP),
      height: GAP + grid.rows * (grid.height + GAP),
      channels: 3,
      background: BACKGROUND,
    },
  })
    .composite(tiles)
    .png()
    .toFile(draft);
  await rename(draft, target);
  return chosen.length;
};

/** sharp's prebuilt binaries do not read OpenEXR. ffmpeg does, and converts linear light for screens. */
const readable = async (path: string): Promise<string | Buffer> => {
  if (!path.endsWith('.exr')) {
    return path;
  }
  const toScreen = ['-v', 'error', '-apply_trc', 'iec61966_2_1', '-i', path, '-frames:v', '1'];
  const { stdout } = await run('ffmpeg', [...toScreen, '-f', 'image2pipe', '-c:v', 'png', '-'], {
    encoding: 'buffer',
    maxBuffer: 2 ** 30,
    timeout: DECODE_TIMEOUT_MS,
  });
  return stdout;
};
