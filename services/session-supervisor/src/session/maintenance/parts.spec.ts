import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { attemptToken, parseMeshSecret, workloadKey } from '#libs/auth/index.ts';
import { BlobServiceService, type PartFile } from '#libs/contracts/blob.ts';
import { createTestClient, MESH_SECRET, uploadOf } from '#libs/testing/index.ts';
import { connectBlob, type BlobAccess } from '../../blob-access.ts';
import { openBlob, type TestBlob } from '../../fixtures/blob.ts';
import { openMesh, type TestMesh } from '../../fixtures/mesh.ts';
import type { InputResult } from '../../domain/state/workload.ts';
import { findDamaged } from './scrub.ts';

const attempt = { task: 'solve/1', generation: 0, attempt: '0-1' };

describe('a result of many files', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let store: TestBlob;
  let blob: BlobAccess;
  const { signal } = new AbortController();

  before(async () => {
    mesh = await openMesh();
    store = await openBlob(mesh);
    const token = await mesh.token('service', 'session-supervisor');
    blob = connectBlob({ target: store.service.address, token });
  });
  after(async () => {
    blob?.close();
    await store?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  /** Stores a result of these files. Answers it, and the names of its parts. */
  const made = async (workloadId: string, texts: readonly string[]) => {
    using agent = createTestClient(BlobServiceService, {
      target: store.service.address,
      token: await mesh.token('agent', 'acme', 'm-1'),
    });
    const key = workloadKey(parseMeshSecret(MESH_SECRET), workloadId);
    const token = Buffer.from(attemptToken(key, { ...attempt, user: 'm-1' }));
    const claim = { workloadId, attempt: { ...attempt, token } };
    const parts: string[] = [];
    const files: PartFile[] = [];
    for (const text of texts) {
      const bytes = Buffer.from(text);
      const said = {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        sizeBytes: bytes.length,
      };
      const header = { target: { $case: 'attemptPart' as const, value: claim }, ...said };
      parts.push((await agent.upload(uploadOf(header, bytes))).blobName);
      files.push({ path: text, ...said });
    }
    const { receipt } = await agent.commitParts([
      { part: { $case: 'header', value: { ...claim, checkpoint: 0 } } },
      { part: { $case: 'files', value: { files } } },
    ]);
    const { blobName = '', sha256 = '', sizeBytes = 0 } = receipt ?? {};
    const { task, generation } = attempt;
    return { result: { task, generation, blob: blobName, sha256, sizeBytes }, parts };
  };
  const damagedAmong = (...results: InputResult[]) => findDamaged(blob, results, signal);

  it('is whole only with its manifest and all of its parts', async () => {
    const { result, parts } = await made('w-1', ['a', 'b']);
    const damaged = [{ task: result.task, generation: result.generation }];
    expect(await damagedAmong(result)).to.deep.equal([]);
    await blob.remove(parts[1] ?? '', signal);
    expect(await damagedAmong(result)).to.deep.equal(damaged);
    await blob.remove(result.blob, signal);
    expect(await damagedAmong(result)).to.deep.equal(damaged);
  });

  it('keeps its parts in the hour in which they were stored, whatever is removed', async () => {
    const { result } = await made('w-2', ['a', 'b']);
    expect(await blob.keepParts('w-2', [], signal)).to.equal(0);
    expect(await damagedAmong(result)).to.deep.equal([]);
  });
});
