import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { isDomainError, status } from '#libs/errors/index.ts';
import { uploadOf, customerFile, readAll } from '#libs/testing/index.ts';
import { attemptResult, startFixture, type BlobFixture } from './fixtures/blob.ts';

const none: Buffer = Buffer.alloc(0);

/** How calls were refused, in the fields that a caller acts on. */
const refusalsOf = async (
  asked: Record<string, Promise<unknown>>,
): Promise<Record<string, unknown>> => {
  const entries = Object.entries(asked).map(async ([name, call]) => {
    const error: unknown = await call.then(
      () => 'answered',
      (thrown: unknown) => thrown,
    );
    if (!isDomainError(error)) {
      return [name, error] as const;
    }
    const { code, metadata, retryAfterMs } = error;
    return [
      name,
      { code, dependency: metadata['dependency'], saysWhen: retryAfterMs !== undefined },
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};
const away = { code: status.UNAVAILABLE, dependency: 'blob storage', saysWhen: true };

describe('while the blob storage is away', () => {
  const bytes = Buffer.alloc(3_000_000, 7);
  let mesh: BlobFixture;
  let scene: string;
  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture({}, {}, 'own');
    ({ blobName: scene } = await mesh.alice.upload(uploadOf(customerFile(), bytes)));
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** Every rpc that needs the storage. */
  const calls = (): Record<string, Promise<unknown>> => ({
    upload: mesh.alice.upload(uploadOf(customerFile(), bytes)),
    attempt: mesh.agent.upload(uploadOf(attemptResult('w-1'), bytes)),
    download: readAll(
      mesh.alice.download({ blobName: scene, grant: none, offset: 0, lengthBytes: 0 }),
    ),
    stat: mesh.alice.statBlob({ blobName: scene, grant: none }),
    list: mesh.service.listBlobs({ prefix: '', pageSize: 0, pageToken: '' }),
    delete: mesh.service.deleteBlob({ blobName: 'results/w-1/frames/9/0-0-1.png' }),
    url: mesh.alice.createDownloadUrl({ blobName: scene, grant: none, ttlSeconds: 0 }),
    object: mesh.alice.object.createObject({
      blobName: scene,
      fileName: 'f',
      customerId: '',
      requestId: '',
    }),
  });

  it('answers UNAVAILABLE with the name of the storage, and works again once it is back', async function () {
    this.timeout(60_000);
    await mesh.azurite.stop();
    const began = performance.now();
    for (const [name, refusal] of Object.entries(await refusalsOf(calls()))) {
      expect(refusal, name).to.deep.equal(away);
    }
    expect(performance.now() - began).to.be.below(5_000);

    await mesh.azurite.restart();
    const { bytes: read } = await readAll(
      mesh.alice.download({ blobName: scene, grant: none, offset: 0, lengthBytes: 0 }),
    );
    expect(read.equals(bytes)).to.equal(true);
    const stored = await mesh.alice.upload(uploadOf(customerFile(), bytes));
    expect(stored.sizeBytes).to.equal(bytes.length);
  });

  it('answers within its callers’ deadlines even if the storage is frozen', async function () {
    this.timeout(60_000);
    await mesh.azurite.kill('SIGSTOP');
    try {
      const { stat, list, object } = calls();
      const refusals = await refusalsOf({
        ...(stat && { stat }),
        ...(list && { list }),
        ...(object && { object }),
      });
      for (const [name, refusal] of Object.entries(refusals)) {
        expect(refusal, name).to.deep.equal(away);
      }
    } finally {
      await mesh.azurite.kill('SIGCONT');
    }
    expect((await mesh.alice.statBlob({ blobName: scene, grant: none })).blob?.sizeBytes).to.equal(
      bytes.length,
    );
  });
});

describe('while MongoDB is away', () => {
  it('goes on with bytes, and names MongoDB where a call needs objects', async function () {
    this.timeout(60_000);
    await using mesh = await startFixture({}, {}, 'own');
    const { blobName } = await mesh.alice.upload(uploadOf(customerFile(), Buffer.from('a scene')));
    const ask = { blobName, fileName: 'f', customerId: '', requestId: '' };
    await mesh.mongod.kill('SIGKILL');
    const refusals = await refusalsOf({
      create: mesh.alice.object.createObject(ask),
      get: mesh.alice.object.getObject({ objectId: 'o-1' }),
      list: mesh.alice.object.listObjects({ customerId: '', pageSize: 0, pageToken: '' }),
      delete: mesh.alice.object.deleteObject({ objectId: 'o-1' }),
    });
    for (const [name, refusal] of Object.entries(refusals)) {
      expect(refusal, name).to.deep.equal({
        code: status.UNAVAILABLE,
        dependency: 'mongodb',
        saysWhen: true,
      });
    }
    const { bytes } = await readAll(
      mesh.alice.download({ blobName, grant: none, offset: 0, lengthBytes: 0 }),
    );
    expect(bytes.toString()).to.equal('a scene');
    await mesh.mongod.restart();
    expect((await mesh.alice.object.createObject(ask)).object?.sizeBytes).to.equal(7);
  });
});
