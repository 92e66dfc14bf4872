import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Collection } from 'mongodb';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { collection, connectMongo } from '#libs/mongo/index.ts';
import {
  customerFile,
  readAll,
  startService,
  testLog,
  uploadOf,
  eventually,
} from '#libs/testing/index.ts';
import type { KeptDocument } from '../store/kept-uploads.ts';
import { bytesOf } from '../store/staged.ts';
import { createContext, type Context } from '../context.ts';
import { connect, reasonOf, sha256Of, startFixture, type BlobFixture } from '../fixtures/blob.ts';
import { sweepKept } from '../sweeper.ts';

const MIB = 2 ** 20;
const PATIENCE = { withinMs: 60_000 };
type Client = Pick<BlobFixture['alice'], 'upload' | 'findUpload' | 'download'>;

const announced = (bytes: Buffer) => ({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
const find = (client: Client, bytes: Buffer) =>
  client.findUpload({ ...announced(bytes), customerId: '' });

/** Sends the first bytes of a file and then no more, until `cut` ends it. */
const sendPart = (
  client: Client,
  bytes: Buffer,
  count: number,
  from = { resumeToken: '', receivedBytes: 0 },
) => {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  async function* broken(): AsyncGenerator<UploadRequest> {
    const header = { ...customerFile(), ...announced(bytes), resumeToken: from.resumeToken };
    yield* uploadOf(header, bytes.subarray(from.receivedBytes, count), MIB);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
  const ended = reasonOf(client.upload(broken(), { signal, deadlineMs: 120_000 }));
  return {
    ended,
    cut: async () => {
      giveUp.abort();
      await ended;
    },
  };
};

describe('an upload that is cut off', function () {
  this.timeout(120_000);
  let mesh: BlobFixture;
  let context: Context;
  let uploads: Collection<KeptDocument>;
  const stack = new AsyncDisposableStack();
  before(async () => {
    mesh = stack.use(await startFixture());
    context = await createContext(mesh.config, testLog, stack);
    const store = await connectMongo({ ...mesh.config.mongo, service: 'blob', logger: testLog });
    stack.defer(() => store.close());
    uploads = collection(store.db, 'keptUploads');
  });
  after(() => stack.disposeAsync());

  /** Resolves when this many bytes are kept of exactly one upload. */
  const kept = (bytes: Buffer, count: number): Promise<void> =>
    eventually(async () => {
      const found = await uploads.find(announced(bytes)).toArray();
      expect(found.map(({ runs }) => bytesOf(runs))).to.deep.equal([count]);
    }, PATIENCE);
  /** What can be gone on with once the service knows that the caller is away. */
  const cutOff = (client: Client, bytes: Buffer) =>
    eventually(async () => {
      const found = await find(client, bytes);
      expect(found.receivedBytes).to.be.above(0);
      return found;
    }, PATIENCE);
  const readBack = async (client: Client, blobName: string): Promise<Buffer> => {
    const ask = { blobName, grant: Buffer.alloc(0), offset: 0, lengthBytes: 0 };
    return (await readAll(client.download(ask))).bytes;
  };
  const rest = (bytes: Buffer, { resumeToken = '', receivedBytes = 0 }) =>
    uploadOf(
      { ...customerFile(), ...announced(bytes), resumeToken },
      bytes.subarray(receivedBytes),
      MIB,
    );
  const visible = async (): Promise<string[]> => {
    const { blobs } = await mesh.service.listBlobs({ prefix: '', pageSize: 1_000, pageToken: '' });
    return blobs.map(({ blobName }) => blobName);
  };

  it('goes on where it was, also when it is cut off twice', async () => {
    const bytes = randomBytes(24 * MIB + 5);
    const first = sendPart(mesh.alice, bytes, 10 * MIB);
    await kept(bytes, 8 * MIB);
    expect((await find(mesh.alice, bytes)).receivedBytes, 'under way').to.equal(0);
    await first.cut();
    const found = await cutOff(mesh.alice, bytes);
    expect(found.receivedBytes).to.equal(8 * MIB);
    const second = sendPart(mesh.alice, bytes, 22 * MIB, found);
    await kept(bytes, 20 * MIB);
    await second.cut();
    const again = await cutOff(mesh.alice, bytes);
    expect(again.receivedBytes).to.equal(20 * MIB);
    const { blobName, sha256, sizeBytes } = await mesh.alice.upload(rest(bytes, again));
    expect({ sha256, sizeBytes }).to.deep.equal(announced(bytes));
    expect((await readBack(mesh.alice, blobName)).equals(bytes)).to.equal(true);
    expect((await find(mesh.alice, bytes)).receivedBytes).to.equal(0);
  });

  it("is nobody else's to go on with, and its token works once", async () => {
    const bytes = randomBytes(9 * MIB);
    const first = sendPart(mesh.alice, bytes, 5 * MIB);
    await kept(bytes, 4 * MIB);
    await first.cut();
    const old = await cutOff(mesh.alice, bytes);
    expect((await find(mesh.bob, bytes)).receivedBytes).to.equal(0);
    expect(await reasonOf(mesh.bob.upload(rest(bytes, old)))).to.equal('UPLOAD_NOT_KEPT');
    const found = await find(mesh.alice, bytes);
    expect(await reasonOf(mesh.alice.upload(rest(bytes, old)))).to.equal('UPLOAD_NOT_KEPT');
    await mesh.alice.upload(rest(bytes, found));
    expect(await reasonOf(mesh.alice.upload(rest(bytes, found)))).to.equal('UPLOAD_NOT_KEPT');
  });

  it('leaves nothing if its rest is wrong', async () => {
    const bytes = randomBytes(9 * MIB);
    const seen = await visible();
    const first = sendPart(mesh.alice, bytes, 5 * MIB);
    await kept(bytes, 4 * MIB);
    await first.cut();
    const found = await cutOff(mesh.alice, bytes);
    const header = { ...customerFile(), ...announced(bytes), resumeToken: found.resumeToken };
    const wrong = uploadOf(header, Buffer.alloc(5 * MIB), MIB);
    expect(await reasonOf(mesh.alice.upload(wrong))).to.equal('SHA256_MISMATCH');
    expect(await visible()).to.deep.equal(seen);
    expect((await find(mesh.alice, bytes)).receivedBytes).to.equal(0);
  });

  it('is swept when nobody goes on with it', async () => {
    const bytes = randomBytes(9 * MIB);
    const seen = await visible();
    const first = sendPart(mesh.alice, bytes, 5 * MIB);
    await kept(bytes, 4 * MIB);
    await first.cut();
    const found = await cutOff(mesh.alice, bytes);
    const { signal } = new AbortController();
    expect(await sweepKept(context, 3_600_000, signal)).to.equal(0);
    expect(await sweepKept(context, 0, signal)).to.equal(1);
    expect(await reasonOf(mesh.alice.upload(rest(bytes, found)))).to.equal('UPLOAD_NOT_KEPT');
    expect(await visible()).to.deep.equal(seen);
  });

  it('goes on after the service was killed', async () => {
    const bytes = randomBytes(24 * MIB);
    const env = { ...mesh.variables, MUSTER_LISTEN: '127.0.0.1:0' };
    await using service = await startService({ name: 'blob', env });
    using client = connect(service.address, await mesh.token('customer', 'alice'));
    const first = sendPart(client, bytes, 14 * MIB);
    await kept(bytes, 12 * MIB);
    await service.kill('SIGKILL');
    expect(await first.ended).to.not.equal('answered');
    await service.restart();
    using later = connect(service.address, await mesh.token('customer', 'alice'));
    const found = await find(later, bytes);
    expect(found.receivedBytes).to.equal(12 * MIB);
    const { blobName } = await later.upload(rest(bytes, found));
    expect((await readBack(later, blobName)).equals(bytes)).to.equal(true);
  });
});
