import { sharp } from './loaders.ts';
import { type Pixels, view } from './pixels.ts';

/** The longer side of a preview, in pixels. */
export const PREVIEW_SIDE = 512;
/** A preview of noise is left out above this size. The blob service takes twice as much. */
const MAX_PREVIEW_BYTES = 128 * 1_024;
/** The first that is small enough is taken. */
const QUALITIES = [75, 40] as const;
/** What shows through transparent pixels: the background of contact sheets. */
const BACKGROUND = 24;

/** Light above this is compressed; below it a preview is as bright as the same picture in PNG with the view `Standard`. */
const KNEE = 0.8;

/** Linear light to a byte for screens: sRGB, with a shoulder in place of a hard end at 1. */
const byteOfLight = (light: number): number => {
  if (!(light > 0)) {
    return 0;
  }
  const shown = light <= KNEE ? light : 1 - (1 - KNEE) * Math.exp((KNEE - light) / (1 - KNEE));
  return 255 * (shown <= 0.003_130_8 ? 12.92 * shown : 1.055 * shown ** (1 / 2.4) - 0.055);
};

/** Reads a sample as a byte for screens, and the alpha as 0 to 1, by bit depth. */
const readers = (pixels: Pixels): Record<'shade' | 'alpha', (at: number) => number> => {
  const samples = view(pixels);
  const sample = (at: number): number => samples[at] ?? 0;
  switch (pixels.bitDepth) {
    case 8:
      return { shade: sample, alpha: (at) => sample(at) / 255 };
    case 16:
      return { shade: (at) => sample(at) / 257, alpha: (at) => sample(at) / 65_535 };
    case 32:
      return {
        shade: (at) => byteOfLight(sample(at)),
        alpha: (at) => Math.min(1, Math.max(0, sample(at))),
      };
    default:
      return pixels.bitDepth satisfies never;
  }
};

/** Every n-th pixel of every n-th row as red, green and blue bytes: enough for a preview, and no more work for a larger picture. */
const sampled = (pixels: Pixels) => {
  const { width, height, channels, bitDepth } = pixels;
  const step = Math.max(1, Math.floor(Math.max(width, height) / (2 * PREVIEW_SIDE)));
  const { shade, alpha } = readers(pixels);
  const isGrey = channels < 3;
  const alphaAt = channels % 2 === 0 ? channels - 1 : undefined;
  // OpenEXR holds colours that are multiplied by alpha, other formats do not.
  const isMultiplied = bitDepth === 32;
  const size = { width: Math.ceil(width / step), height: Math.ceil(height / step) };
  const data = Buffer.alloc(size.width * size.height * 3);
  let to = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const from = (y * width + x) * channels;
      const opacity = alphaAt === undefined ? 1 : alpha(from + alphaAt);
      for (let channel = 0; channel < 3; channel += 1) {
        const own = shade(from + (isGrey ? 0 : channel)) * (isMultiplied ? 1 : opacity);
        data[to] = Math.min(255, Math.round(own + (1 - opacity) * BACKGROUND));
        to += 1;
      }
    }
  }
  return { data, size };
};

/** A small JPEG of a decoded picture; undefined if it cannot be made small enough. */
export const previewOf = async (pixels: Pixels): Promise<Buffer | undefined> => {
  const { data, size } = sampled(pixels);
  const small = sharp(data, { raw: { ...size, channels: 3 } }).resize({
    width: PREVIEW_SIDE,
    height: PREVIEW_SIDE,
    fit: 'inside',
    withoutEnlargement: true,
  });
  for (const quality of QUALITIES) {
    const jpeg = await small.clone().jpeg({ quality }).toBuffer();
    if (jpeg.length <= MAX_PREVIEW_BYTES) {
      return jpeg;
    }
  }
  return undefined;
};
