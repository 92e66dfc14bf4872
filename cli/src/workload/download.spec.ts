import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { unavailable } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { tempDir } from '#libs/testing/index.ts';
import type { Mesh } from '../mesh.ts';
import { downloadResult } from './download.ts';

const bytes = Buffer.from('twelve bytes');
const result = {
  task: 'frames/1',
  blobName: 'b',
  grant: Buffer.alloc(0),
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
};
const cli = { random: systemRandom, interrupt: new AbortController().signal };

describe('downloadResult', () => {
  it('goes on after the bytes that are there when the connection broke', async () => {
    await using dir = await tempDir();
    const offsets: number[] = [];
    const client = {
      async *download({ offset }: { offset: number }) {
        offsets.push(offset);
        yield { chunk: bytes.subarray(offset, offset + 5) };
        if (offset < 10) {
          throw unavailable('blob', 'gone');
        }
      },
    };
    const mesh = { client: () => client } as unknown as Mesh;
    const persist = async (call: () => Promise<void>): Promise<void> =>
      call().catch(() => persist(call));
    await downloadResult(cli, mesh, result, join(dir.path, 'frame.png'), persist);
    expect(offsets).to.deep.equal([0, 5, 10]);
    expect(await readFile(join(dir.path, 'frame.png'), 'utf8')).to.equal('twelve bytes');
    expect(await readdir(dir.path)).to.deep.equal(['frame.png']);
  });

  it('names the path of a full disk, and how to go on', async () => {
    await using dir = await tempDir();
    const client = {
      download: () => {
        throw Object.assign(new Error('write'), { code: 'ENOSPC' });
      },
    };
    const mesh = { client: () => client } as unknown as Mesh;
    const path = join(dir.path, 'frame.png');
    const failure: unknown = await downloadResult(cli, mesh, result, path).catch(
      (thrown: unknown) => thrown,
    );
    expect(failure).to.have.property('message').that.include(`${path}: no room left on the disk`);
    expect(await readdir(dir.path)).to.deep.equal([]);
  });
});
