import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { MongoClient } from 'mongodb';
import { eventually, errorOf, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

describe('results whose blobs are lost or damaged', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let acme: Clients;
  let container: ContainerClient;
  let mongo: MongoClient;

  before(async () => {
    mesh = await startMesh({
      supervisor: { MUSTER_SCRUB_AFTER: '1s', MUSTER_SCRUB_EVERY: '200ms' },
    });
    await mesh.agent('alpha');
    acme = await mesh.customer('acme');
    mongo = await MongoClient.connect(mesh.stores.mongod.url);
    container = BlobServiceClient.fromConnectionString(mesh.stores.azurite.url).getContainerClient(
      mesh.stores.container,
    );
  });
  after(async () => {
    await mongo.close();
    await mesh[Symbol.asyncDispose]();
  });

  /** A completed workload that is closed, with results of 1 kB. */
  const completed = async (): Promise<string> => {
    const id = await start(acme, { noop: noopSpec({ tasks: 6, resultBytes: 1_000 }) });
    await ended(acme, id);
    return id;
  };
  const blobOf = async (id: string, frame: number): Promise<string> => {
    const result = (await resultsOf(acme, id)).find((each) => each.frame === frame);
    if (result === undefined) {
      throw new Error(`frame ${frame} has no result`);
    }
    return result.blobName;
  };
  const lose = async (id: string, frame: number): Promise<void> => {
    await container.deleteBlob(await blobOf(id, frame));
  };
  /** Writes other bytes under the same name, and keeps the properties of the right ones. */
  const damage = async (id: string, frame: number): Promise<void> => {
    const blob = container.getBlockBlobClient(await blobOf(id, frame));
    const { metadata = {}, contentLength = 0 } = await blob.getProperties();
    await blob.upload(Buffer.alloc(contentLength, 7), contentLength, { metadata });
  };
  const scrub = (id: string) => acme.workloads.scrubWorkload({ ...named(id), pageToken: '' });

  it('are found by a scrub and made again, while the workload stays completed', async () => {
    const id = await completed();
    // The mesh's own check must not find them first.
    const checked = { $set: { scrubbedAt: new Date(Date.now() + 3_600_000) } };
    await mongo
      .db(mesh.stores.database)
      .collection('workloads')
      .updateOne({ _id: id as never }, checked);
    const original = await resultsOf(acme, id);
    await lose(id, 1);
    await damage(id, 4);
    expect(await scrub(id)).to.include({
      checked: 6,
      missing: '1',
      damaged: '4',
      nextPageToken: '',
    });
    await eventually(
      async () => {
        expect(await acme.workloads.getWorkloadStatus(named(id))).to.include({
          state: 'WORKLOAD_STATE_COMPLETED',
          completed: 6,
        });
      },
      { withinMs: 20_000 },
    );
    const results = await resultsOf(acme, id);
    expect(results.map(({ frame }) => frame)).to.have.members([0, 1, 2, 3, 4, 5]);
    const changed = results.filter(
      ({ blobName }) => !original.some((each) => each.blobName === blobName),
    );
    expect(changed.map(({ frame }) => frame)).to.have.members([1, 4]);
    expect(await scrub(id)).to.include({ checked: 6, missing: '', damaged: '' });
  });

  it('are found by the mesh itself', async () => {
    const id = await completed();
    const lost = await blobOf(id, 3);
    await lose(id, 3);
    await eventually(async () => expect(await blobOf(id, 3)).to.not.equal(lost), {
      withinMs: 20_000,
    });
    await eventually(
      async () => expect(await scrub(id)).to.include({ checked: 6, missing: '', damaged: '' }),
      {
        withinMs: 20_000,
      },
    );
  });

  it('are not looked for after the results were deleted', async () => {
    const id = await start(acme, { noop: noopSpec({ tasks: 3, durationMs: 60_000 }) });
    await acme.workloads.stopAndDeleteWorkload({
      ...named(id),
      deleteResults: true,
      requestId: '',
    });
    expect((await errorOf(scrub(id))).reason).to.equal('RESULTS_DELETED');
  });
});
