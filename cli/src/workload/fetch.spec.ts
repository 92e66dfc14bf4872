import { hash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
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

const CONTENT = Buffer.from('a picture');
const result = (frame: number): Result =>
  Result.fromPartial({
    task: `frames/${frame}`,
    frame,
    blobName: `results/${frame}`,
    sizeBytes: CONTENT.length,
    sha256: hash('sha256', CONTENT),
  });
const workload = Workload.fromPartial({
  workloadId: 'w-1',
  lastFrame: 3,
  spec: { $case: 'render', value: RenderSpec.fromPartial({}) },
});

/** A mesh that has lost the second of three results, and counts what it sends. */
const meshWithALoss = () => {
  const sent: string[] = [];
  async function* download({ blobName }: { blobName: string }) {
    if (blobName === 'results/2') {
      throw new DomainError(status.NOT_FOUND, 'BLOB_NOT_FOUND', 'no such blob');
    }
    sent.push(blobName);
    yield { chunk: CONTENT };
  }
  const listResults = async () => ({
    results: [1, 2, 3].map(result),
    nextPageToken: '',
    revision: 3,
  });
  const client = (service: unknown) =>
    service === BlobServiceService ? { download } : { listResults };
  return { mesh: { client } as unknown as Mesh, sent };
};

const fetcherFor = (mesh: Mesh, directory: string, onLost?: (lost: Result) => void) => {
  const interrupt = new AbortController().signal;
  const cli = { clock: systemClock, random: systemRandom, interrupt };
  const patience = { ...cli, signal: interrupt, patienceMs: 1_000 };
  const lost = onLost === undefined ? {} : { onLost };
  return createFetcher({ cli, mesh, workload, directory, patience, onFetched: () => {}, ...lost });
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
    await fetcherFor(mesh, dir.path, () => {}).catchUp();
    expect(sent).to.deep.equal(['results/3']);
    expect((await stat(whole)).mtimeMs).to.equal(mtimeMs);
    expect(await readFile(join(dir.path, 'frame_0003.png'))).to.deep.equal(CONTENT);
  });
});
