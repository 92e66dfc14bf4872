import { createHash } from 'node:crypto';
import sharp from 'sharp';

/** A picture of one pixel of this grey, 8 bits deep, and its hash as agents report it. */
export const onePixel = async (
  format: 'png' | 'tiff',
  grey: number,
): Promise<{ bytes: Buffer; pixelHash: string }> => {
  const pixel = Uint8Array.of(grey, grey, grey);
  const bytes = await sharp(pixel, { raw: { width: 1, height: 1, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  const head = new Uint8Array(Uint32Array.of(1, 1, 3, 8).buffer);
  const pixelHash = createHash('sha256').update(head).update(pixel).digest('hex');
  return { bytes, pixelHash };
};
