import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import { RenderSpec } from '#libs/contracts/common.ts';
import { Result, Workload } from '#libs/contracts/session.ts';
import { systemClock } from '#libs/clock/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { errorOf, tempDir } from '#libs/testing/index.ts';
import type { Mesh } from '../mesh.ts';
import { createFetcher } from './fetch.ts';
import { partPath } from './parts.ts';

const CONTENT = Buffer.from('a picture');
const result = (frame: number): Result =>
  Result.fromPartial({
    task: `frames/${frame}`,
    frame,
    blobName: `results/${frame}`,
    sizeBytes: CONTENT.length,
    sha256: hash('sha256', CONTENT),
    position: frame,
    verified: true,
  });
const workload = Workload.fromPartial({
  workloadId: 'w-1',
  lastFrame: 3,
  spec: { $case: 'render', value: RenderSpec.fromPartial({}) },
});

/** A mesh that has lost the second of three results, and counts what it sends. */
const meshWithALoss = (onChunk = () => {}) => {
  const sent: string[] = [];
  const asked: string[] = [];
  async function* download({ blobName, offset }: { blobName: string; offset: number }) {
    asked.push(`${blobName} from ${offset}`);
    if (blobName === 'results/2') {
      throw new DomainError(status.NOT_FOUND, 'BLOB_NOT_FOUND', 'no such blob');
    }
    onChunk();
    sent.push(blobName);
    yield { chunk: CONTENT.subarray(offset) };
  }
  const listResults = async () => ({
    results: [1, 2, 3].map(result),
    nextPageToken: '',
    revision: 3,
  });
  const client = (service: unknown) =>
    service === BlobServiceService ? { download } : { listResults };
  return { mesh: { client } as unknown as Mesh, sent, asked };
};

const fetcherFor = (
  mesh: Mesh,
  directory: string,
  onLost?: (lost: Result) => void,
  more: { onReplace?: (path: string) => void } = {},
) => {
  const interrupt = new AbortController().signal;
  const cli = { clock: systemClock, random: systemRandom, interrupt };
  const patience = { ...cli, signal: interrupt, patienceMs: 1_000 };
  const lost = onLost === undefined ? {} : { onLost };
  const told = { onFetched: () => {}, ...lost, ...more };
  return createFetcher({ cli, mesh, workload, directory, patience, ...told });
};

describe('createFetcher', () => {
  it('goes on after a result that the mesh has lost, and names it', async () => {
    await using dir = await tempDir();
    const { mesh } = meshWithALoss();
    const lost: string[] = [];
    const fetcher = fetcherFor(mesh, dir.path, ({ task }) => void lost.push(task));
    await fetcher.catchUp();
    expect(lost).to.deep.equal(['frames/2']);
    expect([...fetcher.fetched.keys()]).to.have.members(['frames/1', 'frames/3']);
    expect(await readFile(join(dir.path, 'frame_0003.png'))).to.deep.equal(CONTENT);
  });

  it('fetches what is verified, and the others once they are, or the work has ended', async () => {
    await using dir = await tempDir();
    const { mesh, sent } = meshWithALoss();
    let results = [
      { ...result(1), verified: false },
      { ...result(3), attempt: '0-3' },
    ];
    const after: number[] = [];
    const listResults = async ({ afterRevision }: { afterRevision: number }) => {
      after.push(afterRevision);
      return { results, nextPageToken: '', revision: 3 };
    };
    const client = (service: unknown) =>
      service === BlobServiceService
        ? mesh.client(BlobServiceService, 'customer')
        : { listResults };
    const fetcher = fetcherFor({ client } as unknown as Mesh, dir.path);
    await fetcher.catchUp();
    expect(sent).to.deep.equal(['results/3']);
    // The first was a lie; its place is taken by another.
    results = [
      { ...result(3), attempt: '0-3' },
      { ...result(1), attempt: '0-9', position: 4, verified: false },
    ];
    await fetcher.catchUp();
    expect(after).to.deep.equal([0, 0]);
    expect(sent).to.deep.equal(['results/3']);
    await fetcher.finish({ workloadId: 'w-1', completed: 2 });
    expect(sent).to.deep.equal(['results/3', 'results/1']);
    expect(fetcher.fetched.get('frames/1')?.result.attempt).to.equal('0-9');
  });

  it('ends with the error where nobody asks for the others', async () => {
    await using dir = await tempDir();
    const { mesh } = meshWithALoss();
    expect(await errorOf(fetcherFor(mesh, dir.path).catchUp())).to.include({
      reason: 'BLOB_NOT_FOUND',
    });
  });

  it('fetches nothing that is there, and anew what is there with other bytes', async () => {
    await using dir = await tempDir();
    const { mesh, sent } = meshWithALoss();
    const whole = join(dir.path, 'frame_0001.png');
    await writeFile(whole, CONTENT);
    await writeFile(join(dir.path, 'frame_0003.png'), 'a_picture');
    const { mtimeMs } = await stat(whole);
    const fetcher = fetcherFor(mesh, dir.path, () => {});
    await fetcher.catchUp();
    expect(sent).to.deep.equal(['results/3']);
    expect([...fetcher.there]).to.deep.equal([whole]);
    expect((await stat(whole)).mtimeMs).to.equal(mtimeMs);
    expect(await readFile(join(dir.path, 'frame_0003.png'))).to.deep.equal(CONTENT);
  });

  it('tells before it replaces what an earlier command left, and what it replaced', async () => {
    await using dir = await tempDir();
    await writeFile(join(dir.path, 'frame_0001.png'), CONTENT);
    await writeFile(join(dir.path, 'frame_0003.png'), 'of another scene');
    const told: string[] = [];
    const onReplace = (path: string): void => {
      told.push(`${path}: ${readFileSync(path, 'utf8')}`);
    };
    const fetcher = fetcherFor(meshWithALoss().mesh, dir.path, () => {}, { onReplace });
    await fetcher.catchUp();
    const replaced = join(dir.path, 'frame_0003.png');
    expect(told).to.deep.equal([`${replaced}: of another scene`]);
    expect([...fetcher.replaced]).to.deep.equal([replaced]);
  });

  it('removes what an earlier command left of other bytes, and goes on after the same ones', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'frame_0003.png');
    await writeFile(partPath(path, 'a'.repeat(64)), 'of before a repair');
    await writeFile(partPath(path, result(3).sha256), CONTENT.subarray(0, 4));
    const { mesh, asked } = meshWithALoss();
    await fetcherFor(mesh, dir.path, () => {}).catchUp();
    expect(asked).to.include('results/3 from 4');
    expect((await readdir(dir.path)).sort()).to.deep.equal(['frame_0001.png', 'frame_0003.png']);
  });

  it('names the path of a full disk, and how to go on', async () => {
    await using dir = await tempDir();
    const full = () => {
      throw Object.assign(new Error('write'), { code: 'ENOSPC', syscall: 'write' });
    };
    const { mesh } = meshWithALoss(full);
    const path = join(dir.path, 'frame_0001.png');
    expect(await errorOf(fetcherFor(mesh, dir.path).catchUp())).to.include({
      code: status.FAILED_PRECONDITION,
      reason: 'NO_ROOM',
      message: `${path}: no room left on the disk; make room, then fetch what is missing: muster results w-1 --out ${dir.path}`,
    });
  });

  it('names the path where files may not be written', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'frame_0001.png');
    await mkdir(path);
    expect(await errorOf(fetcherFor(meshWithALoss().mesh, dir.path).catchUp())).to.include({
      reason: 'OUTPUT_UNWRITABLE',
      message: `${path}: is a directory`,
    });
  });
});
