import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry/index.ts';
import { uploadOf, customerFile } from '#libs/testing/index.ts';
import { startFixture, type BlobFixture } from './fixtures/blob.ts';
import { createContext, type Context } from './context.ts';
import { sweepUploads } from './sweeper.ts';

describe('sweepUploads', function () {
  this.timeout(30_000);
  let mesh: BlobFixture;
  let context: Context;
  const stack = new AsyncDisposableStack();

  before(async () => {
    mesh = await startFixture();
    stack.use(mesh);
    const log = createLogger({ service: 'blob', level: 'silent' });
    context = await createContext(mesh.config, log, stack);
  });
  after(() => stack.disposeAsync());

  it('removes old uploads that never became an object, and nothing else', async () => {
    const upload = () => mesh.alice.upload(uploadOf(customerFile(), Buffer.from('scene')));
    const forgotten = await upload();
    const kept = await upload();
    await mesh.alice.object.createObject({
      blobName: kept.blobName,
      fileName: 'scene.blend',
      customerId: '',
      requestId: '',
    });
    const { signal } = new AbortController();
    expect(await sweepUploads(context, 3_600_000, signal)).to.equal(0);
    expect(await sweepUploads(context, 0, signal)).to.equal(1);
    const { blobs } = await mesh.service.listBlobs({
      prefix: 'uploads/',
      pageSize: 0,
      pageToken: '',
    });
    expect(blobs.map(({ blobName }) => blobName)).to.deep.equal([kept.blobName]);
    expect(forgotten.blobName).to.not.equal(kept.blobName);
  });
});
