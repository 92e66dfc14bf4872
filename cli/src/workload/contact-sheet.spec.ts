import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { tempDir } from '#libs/testing/index.ts';
import { gridFor, writeContactSheet } from './contact-sheet.ts';
import { spread } from './spread.ts';

describe('contact sheet', () => {
  it('has room for every picture', () => {
    for (const count of [1, 2, 5, 24, 120]) {
      for (const aspect of [0.5, 1, 16 / 9, 4]) {
        const { columns, rows, width, height } = gridFor(count, aspect);
        expect(columns * rows).to.be.at.least(count);
        expect((rows - 1) * columns).to.be.below(count);
        expect(width / height).to.be.closeTo(aspect, aspect * 0.05);
      }
    }
  });

  it('shows the first, the last and evenly spread ones of too many', () => {
    const frames = Array.from({ length: 1_001 }, (_, i) => i);
    expect(spread(frames, 11)).to.deep.equal([
      0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000,
    ]);
    expect(spread([1, 2], 11)).to.deep.equal([1, 2]);
  });

  it('shows PNG and JPEG pictures in order', async () => {
    await using dir = await tempDir();
    const paths: string[] = [];
    for (const [i, background] of [
      { r: 255, g: 0, b: 0 },
      { r: 0, g: 0, b: 255 },
    ].entries()) {
      const path = join(dir.path, i === 0 ? 'a.png' : 'b.jpg');
      await sharp({ create: { width: 64, height: 36, channels: 3, background } }).toFile(path);
      paths.push(path);
    }
    const target = join(dir.path, 'sheet.png');
    expect(await writeContactSheet(paths, target)).to.equal(2);
    const { data, info } = await sharp(target).raw().toBuffer({ resolveWithObject: true });
    // Two wide pictures are best seen one above the other.
    const pixel = (y: number): number[] => {
      const at =
        (Math.round(info.height * y) * info.width + Math.round(info.width / 2)) * info.channels;
      return [...data.subarray(at, at + 3)];
    };
    expect(pixel(0.25)).to.deep.equal([255, 0, 0]);
    expect(pixel(0.75)[2]).to.be.above(250);
  });

  it('leaves the place of a preview empty that is no picture, or far too large', async () => {
    await using dir = await tempDir();
    const picture = (width: number, height: number): Promise<Buffer> =>
      sharp({ create: { width, height, channels: 3, background: 'red' } })
        .jpeg()
        .toBuffer();
    const target = join(dir.path, 'sheet.png');
    const previews = [Buffer.from('rubbish'), await picture(1_100, 1_100), await picture(64, 36)];
    expect(await writeContactSheet(previews, target)).to.equal(3);
    const { dominant } = await sharp(target).stats();
    expect(dominant.r).to.be.below(50);
  });

  it('is a JPEG where its name says so', async () => {
    await using dir = await tempDir();
    const picture = join(dir.path, 'frame_0001.png');
    await sharp({ create: { width: 16, height: 9, channels: 3, background: 'red' } }).toFile(
      picture,
    );
    for (const [name, format] of [
      ['a.png', 'png'],
      ['a.jpg', 'jpeg'],
      ['folder/a.JPEG', 'jpeg'],
    ] as const) {
      const target = join(dir.path, name);
      await writeContactSheet([picture], target);
      expect((await sharp(target).metadata()).format, name).to.equal(format);
    }
  });
});
