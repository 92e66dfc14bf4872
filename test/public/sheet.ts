import { join } from 'node:path';
import sharp from 'sharp';
import { writeContactSheet } from '../../cli/src/workload/contact-sheet.ts';
import { tempDir } from '#libs/testing/index.ts';

/** Of one picture, in pixels. */
const WIDTH = 320;
const HEIGHT = 180;
const CAPTION = 26;
const GAP = 4;
const BACKGROUND = { r: 24, g: 24, b: 24 };

/** A place on the sheet: ours on the left, Blender's on the right, and below what they show. */
export interface Place {
  caption: string;
  ours: string;
  direct: string;
}

/** Writes all places into one JPEG. */
export const writeSheet = async (places: readonly Place[], target: string): Promise<void> => {
  await using dir = await tempDir();
  const sheet = join(dir.path, 'sheet.png');
  await writeContactSheet(await Promise.all(places.map(draw)), sheet);
  await sharp(sheet).jpeg({ quality: 80, mozjpeg: true }).toFile(target);
};

const draw = async ({ caption, ours, direct }: Place): Promise<Buffer> => {
  const [left, right] = await Promise.all([ours, direct].map(fit));
  const width = 2 * WIDTH + GAP;
  const text = `<svg width="${width}" height="${CAPTION}"><text x="4" y="18" fill="white" font-family="sans-serif" font-size="17">${caption}</text></svg>`;
  const height = HEIGHT + CAPTION;
  return sharp({ create: { width, height, channels: 3, background: BACKGROUND } })
    .composite([
      { input: left!, left: 0, top: 0 },
      { input: right!, left: WIDTH + GAP, top: 0 },
      { input: Buffer.from(text), left: 0, top: HEIGHT },
    ])
    .png()
    .toBuffer();
};

const fit = (picture: string): Promise<Buffer> =>
  sharp(picture)
    .resize(WIDTH, HEIGHT, { fit: 'contain', background: BACKGROUND })
    .flatten({ background: BACKGROUND })
    .toColourspace('srgb')
    .png({ compressionLevel: 1 })
    .toBuffer();
