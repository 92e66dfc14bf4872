import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { layersHash, shownLayer, withExrFile } from './index.ts';

const run = promisify(execFile);
const thrown = (error: unknown): unknown => error;

describe('an OpenEXR file', () => {
  let folder: TempDir;
  const at = (name: string): string => join(folder.path, name);
  before(needs('ffmpeg'));
  before(async () => {
    folder = await tempDir();
    for (const codec of ['none', 'rle', 'zip1', 'zip16']) {
      const noise = '-f lavfi -i nullsrc=s=37x41,geq=random(1)*255:128:128 -frames:v 1';
      const args = `-v error ${noise} -pix_fmt gbrpf32le -c:v exr -compression ${codec}`;
      await run('ffmpeg', [...args.split(' '), at(`${codec}.exr`)]);
    }
  });
  after(() => folder?.[Symbol.asyncDispose]());

  it('has the same hash with every codec that loses nothing', async () => {
    const hashes = new Set<string>();
    for (const codec of ['none', 'rle', 'zip1', 'zip16']) {
      hashes.add(await withExrFile(at(`${codec}.exr`), layersHash));
    }
    expect(hashes.size).to.equal(1);
  });

  it('is refused if it is cut off, or if its bytes do not unpack', async () => {
    for (const codec of ['none', 'rle', 'zip16']) {
      const whole = await readFile(at(`${codec}.exr`));
      for (const bytes of [whole.length - 1, 500, 100, 6, 0]) {
        await writeFile(at('cut.exr'), whole.subarray(0, bytes));
        const error = await withExrFile(at('cut.exr'), layersHash).catch(thrown);
        expect(error, `${codec}, ${bytes} bytes`).to.have.property('name', 'BadExr');
      }
    }
    const damaged = await readFile(at('zip16.exr'));
    damaged.fill(0xff, damaged.length - 200, damaged.length - 100);
    await writeFile(at('damaged.exr'), damaged);
    const error = await withExrFile(at('damaged.exr'), layersHash).catch(thrown);
    expect(error).to.have.property('name', 'BadExr');
  });

  it('shows what is combined, not a pass', () => {
    const head = (...names: string[]) => {
      const channels = names.map((name) => ({ name, sampleBytes: 4 as const }));
      const part = { name: '', channels, compression: 3, width: 1, height: 1, chunks: 1 };
      return { parts: [part] as [typeof part], hasSeveralParts: false, bytes: 0 };
    };
    expect(shownLayer(head('A', 'B', 'G', 'R'))).to.equal('');
    const layered = head('View Layer.Combined.R', 'View Layer.Depth.Z');
    expect(shownLayer(layered)).to.equal('View Layer.Combined');
    expect(shownLayer(head('L.Combined.left.R', 'L.Combined.right.R'))).to.equal('L.Combined.left');
    expect(shownLayer(head('L.Normal.X', 'L.Normal.Y'))).to.equal(undefined);
  });
});
