import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { unavailable } from '#libs/errors/index.ts';
import { errorOf, tempDir } from '#libs/testing/index.ts';
import type { Mesh } from '../mesh.ts';
import { downloadResult } from './download.ts';
import { partPath } from './parts.ts';

const bytes = Buffer.from('twelve bytes');
const result = {
  task: 'frames/1',
  blobName: 'b',
  grant: Buffer.alloc(0),
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
};
const cli = { interrupt: new AbortController().signal };

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

  /** A mesh whose connection breaks after so many bytes, each time; and the offsets that it was asked for. */
  const breaking = (afterBytes: number) => {
    const offsets: number[] = [];
    const download = async function* ({ offset }: { offset: number }) {
      offsets.push(offset);
      yield { chunk: bytes.subarray(offset, offset + afterBytes) };
      if (offset + afterBytes < bytes.length) {
        throw unavailable('blob', 'gone');
      }
    };
    return { offsets, mesh: { client: () => ({ download }) } as unknown as Mesh };
  };

  it('goes on in a later run after the bytes that an earlier one left', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'frame.png');
    const { offsets, mesh } = breaking(5);
    expect(await errorOf(downloadResult(cli, mesh, result, path))).to.include({
      reason: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await readdir(dir.path)).to.deep.equal([basename(partPath(path, result.sha256))]);
    await errorOf(downloadResult(cli, mesh, result, path));
    await downloadResult(cli, mesh, result, path);
    expect(offsets).to.deep.equal([0, 5, 10]);
    expect(await readFile(path, 'utf8')).to.equal('twelve bytes');
    expect(await readdir(dir.path)).to.deep.equal(['frame.png']);
  });

  it('begins anew what an earlier run left damaged or too long', async () => {
    for (const [left, asked] of [
      ['TWELVE', [6, 0]],
      ['twelve bytes and more', [0]],
    ] as const) {
      await using dir = await tempDir();
      const path = join(dir.path, 'frame.png');
      await writeFile(partPath(path, result.sha256), left);
      const { offsets, mesh } = breaking(bytes.length);
      await downloadResult(cli, mesh, result, path);
      expect(offsets).to.deep.equal(asked);
      expect(await readFile(path, 'utf8')).to.equal('twelve bytes');
    }
  });

  it('keeps nothing of bytes that are not those that were accepted, and nothing empty', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'frame.png');
    const other = { ...result, sha256: '0'.repeat(64) };
    const { mesh } = breaking(bytes.length);
    expect(await errorOf(downloadResult(cli, mesh, other, path))).to.include({
      reason: 'RESULT_DAMAGED',
    });
    expect(await errorOf(downloadResult(cli, breaking(0).mesh, result, path))).to.include({
      reason: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await readdir(dir.path)).to.deep.equal([]);
  });

  it('bears another command that fetches the same file at the same time', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'frame.png');
    const both = [1, 2].map(() => downloadResult(cli, breaking(bytes.length).mesh, result, path));
    await Promise.all(both);
    expect(await readdir(dir.path)).to.deep.equal(['frame.png']);
  });
});
