import sharp from 'sharp';

// Only the formats of frames, because libvips has loaders for dozens, and what it reads here strangers wrote.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Tiff', 'Webp'].flatMap((format) => [
    `VipsForeignLoad${format}File`,
    `VipsForeignLoad${format}Buffer`,
  ]),
});

/** sharp, which reads nothing but PNG, JPEG, TIFF and WebP. */
export { sharp };
