import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { eventually, fakeClock, tempDir } from '#libs/testing/index.ts';
import { startGrowingSheet } from './growing-sheet.ts';

const preview = (background: string): Promise<Buffer> =>
  sharp({ create: { width: 32, height: 18, channels: 3, background } })
    .jpeg()
    .toBuffer();

describe('a growing contact sheet', () => {
  it('is drawn anew every 10 s if previews came, and goes on after a failure', async () => {
    await using dir = await tempDir();
    const target = join(dir.path, 'sheets', 'sheet.png');
    const clock = fakeClock();
    const [red, blue] = [await preview('red'), await preview('blue')];
    const rounds: [number, Buffer][][] = [[], [[7, blue]], [], [[3, red]]];
    let round = 0;
    const failures: unknown[] = [];
    await using _growing = startGrowingSheet({
      clock,
      target,
      catchUp: async (add) => {
        round += 1;
        if (round === 1) {
          throw new Error('the mesh is away');
        }
        rounds[round - 1]?.forEach(([frame, jpeg]) => add(frame, jpeg));
      },
      onFailure: (error) => failures.push(error),
    });
    const pass = async (until: number): Promise<void> => {
      await eventually(async () => {
        await clock.advance(10_000);
        expect(round).to.be.at.least(until);
      });
    };
    await pass(2);
    await eventually(async () => expect((await stat(target)).size).to.be.above(100));
    expect(failures).to.have.lengthOf(1);
    const one = await sharp(target).metadata();
    await rm(target);
    await pass(3);
    expect(await readdir(join(dir.path, 'sheets'))).to.deep.equal([]);
    await pass(4);
    const both = await eventually(() => sharp(target).metadata());
    // Two wide pictures stand one above the other, the lower number above.
    expect(both.height).to.be.above(one.height);
    const above = sharp(target).extract({ left: 99, top: 99, width: 1, height: 1 }).raw();
    expect((await above.toBuffer())[0]).to.be.above(200);
  });
});
