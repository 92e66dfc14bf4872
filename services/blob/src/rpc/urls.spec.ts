import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { signGrant } from '#libs/auth/index.ts';
import { status } from '#libs/errors/index.ts';
import { errorOf, uploadOf, customerFile } from '#libs/testing/index.ts';
import {
  attemptResult,
  meshSecret,
  reasonOf,
  sha256Of,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';
import { startGuardedStore } from '../fixtures/guarded-store.ts';

const none: Buffer = Buffer.alloc(0);

const put = async (
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<number> => {
  const response = await fetch(url, {
    method: 'PUT',
    body,
    headers: { 'x-ms-blob-type': 'BlockBlob', ...headers },
  });
  await response.arrayBuffer();
  return response.status;
};

const get = async (url: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
};

const urlOf = (client: BlobFixture['alice'], blobName: string, grant = none, ttlSeconds = 0) =>
  client.createDownloadUrl({ blobName, grant, ttlSeconds });

describe('Signed URLs', () => {
  let mesh: BlobFixture;
  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture();
  });
  after(() => mesh[Symbol.asyncDispose]());

  describe('CreateUploadUrl on a storage that copies from wherever it is told', () => {
    it('is refused, with what to do instead', async () => {
      const ask = { customerId: '', ttlSeconds: 0 };
      for (const client of [mesh.alice, mesh.bob, mesh.alice]) {
        const refused = await errorOf(client.createUploadUrl(ask));
        expect(refused).to.include({
          code: status.FAILED_PRECONDITION,
          reason: 'URLS_NOT_SUPPORTED',
        });
        expect(refused.message).to.match(/use Upload$/);
      }
    });

    it('leaves nothing of the trial behind', async () => {
      const page = { prefix: 'probes/', pageSize: 0, pageToken: '' };
      expect((await mesh.service.listBlobs(page)).blobs).to.deep.equal([]);
    });
  });

  describe('CreateUploadUrl on a storage that guards the sources of copies', () => {
    const opened = new AsyncDisposableStack();
    let guarded: BlobFixture;
    before(async function () {
      this.timeout(60_000);
      const { url } = opened.use(await startGuardedStore());
      guarded = opened.use(await startFixture({}, { MUSTER_BLOB_CONNECTION: url }));
    });
    after(() => opened.disposeAsync());

    it('gives a URL to which one file can be PUT, which then becomes an object with its hash', async () => {
      const { blobName, url, expireTime } = await guarded.alice.createUploadUrl({
        customerId: '',
        ttlSeconds: 60,
      });
      expect((expireTime?.getTime() ?? 0) - Date.now()).to.be.within(50_000, 61_000);
      expect(await put(url, 'a scene')).to.equal(201);
      const unhashed = await guarded.alice.statBlob({ blobName, grant: none });
      expect(unhashed.blob).to.deep.include({ sizeBytes: 7, sha256: '' });
      const { object } = await guarded.alice.object.createObject({
        blobName,
        fileName: 's.blend',
        customerId: '',
        requestId: '',
      });
      expect(object).to.deep.include({ sizeBytes: 7, sha256: sha256Of(Buffer.from('a scene')) });
      const hashed = await guarded.alice.statBlob({ blobName, grant: none });
      expect(hashed.blob?.sha256).to.equal(object?.sha256);
    });

    it('makes no object of what was never PUT there, nor of an empty file', async () => {
      const { blobName, url } = await guarded.alice.createUploadUrl({
        customerId: '',
        ttlSeconds: 0,
      });
      const create = () =>
        reasonOf(
          guarded.alice.object.createObject({
            blobName,
            fileName: 's.blend',
            customerId: '',
            requestId: '',
          }),
        );
      expect(await create()).to.equal('BLOB_NOT_FOUND');
      expect(await put(url, '')).to.equal(201);
      expect(await create()).to.equal('EMPTY_UPLOAD');
    });

    it('does not let its holder replace, read or name anything', async () => {
      const { blobName, url } = await guarded.alice.createUploadUrl({
        customerId: '',
        ttlSeconds: 0,
      });
      expect(await put(url, 'first')).to.equal(201);
      expect(await put(url, 'second')).to.equal(403);
      expect((await get(url)).status).to.equal(403);
      const elsewhere = new URL(url);
      elsewhere.pathname = elsewhere.pathname.replace(blobName, 'results/w-1/frames/1/0-0-1.png');
      expect(await put(elsewhere.href, 'x')).to.equal(403);
    });

    it('does not believe a hash that comes with the file', async () => {
      const { blobName, url } = await guarded.alice.createUploadUrl({
        customerId: '',
        ttlSeconds: 0,
      });
      const lie = { 'x-ms-meta-sha256': 'ab'.repeat(32), 'x-ms-meta-seal': 'ab'.repeat(32) };
      expect(await put(url, 'the truth', lie)).to.equal(201);
      expect((await guarded.alice.statBlob({ blobName, grant: none })).blob?.sha256).to.equal('');
      const { object } = await guarded.alice.object.createObject({
        blobName,
        fileName: 'f',
        customerId: '',
        requestId: '',
      });
      expect(object?.sha256).to.equal(sha256Of(Buffer.from('the truth')));
    });

    it('refuses a lifetime of more than a day, and operators who name no customer', async () => {
      expect(
        await reasonOf(guarded.alice.createUploadUrl({ customerId: '', ttlSeconds: 86_401 })),
      ).to.equal('INVALID_FIELDS');
      expect(
        await reasonOf(guarded.operator.createUploadUrl({ customerId: '', ttlSeconds: 0 })),
      ).to.equal('INVALID_FIELDS');
    });

    it('gives an operator a URL for the customer that they name', async () => {
      const { blobName, url } = await guarded.operator.createUploadUrl({
        customerId: 'bob',
        ttlSeconds: 0,
      });
      await put(url, 'for bob');
      expect((await guarded.bob.statBlob({ blobName, grant: none })).blob?.sizeBytes).to.equal(7);
      expect(await reasonOf(guarded.alice.statBlob({ blobName, grant: none }))).to.equal(
        'BLOB_NOT_FOUND',
      );
    });
  });

  describe('CreateDownloadUrl', () => {
    const bytes = Buffer.from('some bytes');
    let scene: string;
    before(async () => {
      ({ blobName: scene } = await mesh.alice.upload(uploadOf(customerFile(), bytes)));
    });
    it('gives a URL from which anybody can GET that blob, and nothing else', async () => {
      const { url } = await urlOf(mesh.alice, scene);
      expect(await get(url)).to.deep.equal({ status: 200, text: 'some bytes' });
      expect(await put(url, 'x')).to.equal(403);
      const other = await mesh.alice.upload(uploadOf(customerFile(), bytes));
      expect((await get(url.replace(scene, other.blobName))).status).to.equal(403);
    });

    it('gives a URL with which nothing is written, copied, listed or read elsewhere', async () => {
      const { url } = await urlOf(mesh.alice, scene);
      const other = await mesh.bob.upload(uploadOf(customerFile(), Buffer.from('of bob')));
      const [base = '', query = ''] = url.split('?');
      const others = base.replace(scene, other.blobName);
      const container = base.slice(0, base.indexOf('/uploads/'));
      const account = container.slice(0, container.lastIndexOf('/'));
      const blob = { 'x-ms-blob-type': 'BlockBlob' };
      const copy = { 'x-ms-copy-source': others };
      const list = 'restype=container&comp=list';
      const tries: [string, string, string, Record<string, string>?][] = [
        ['GET', others, ''],
        ['GET', `${base}/../../../${other.blobName}`, ''],
        ['GET', `${base}%2f..%2f..%2f..%2f${other.blobName}`, ''],
        ['GET', others, 'sr=c'],
        ['PUT', base, '', blob],
        ['PUT', base, 'sp=rcw', blob],
        ['PUT', base, '', copy],
        ['PUT', base, '', { ...copy, 'x-ms-requires-sync': 'true' }],
        ['PUT', base, '', { ...copy, ...blob }],
        ['PUT', `${base}x`, '', copy],
        ['PUT', base, 'comp=block&blockid=AAAA', copy],
        ['PUT', base, 'comp=blocklist'],
        ['PUT', base, 'comp=appendblock'],
        ['PUT', base, 'comp=metadata', { 'x-ms-meta-sha256': 'ab' }],
        ['PUT', base, 'comp=properties', { 'x-ms-blob-content-type': 'text/html' }],
        ['PUT', base, 'comp=tags'],
        ['PUT', base, 'comp=snapshot'],
        ['PUT', base, 'comp=lease', { 'x-ms-lease-action': 'acquire' }],
        ['PUT', base, 'comp=tier', { 'x-ms-access-tier': 'Archive' }],
        ['DELETE', base, ''],
        ['GET', container, list],
        ['PUT', container, 'restype=container&comp=acl', { 'x-ms-blob-public-access': 'blob' }],
        ['DELETE', container, 'restype=container'],
        ['GET', `${account}/`, 'comp=list'],
        ['GET', `${account}/`, 'restype=service&comp=properties'],
      ];
      for (const [method, to, more, headers = {}] of tries) {
        const replaced = /^s[pr]=/.exec(more)?.[0];
        const kept = replaced ? query.replace(new RegExp(`${replaced}[a-z]+`), more) : query;
        const asked = replaced || more === '' ? kept : `${kept}&${more}`;
        const { status: code } = await fetch(`${to}?${asked}`, { method, headers });
        // Azurite does not know Put Blob From URL, and answers 500.
        expect(code, `${method} ${to.slice(-20)} ${more}`).to.be.oneOf([403, 500]);
      }
      expect(await get(url)).to.deep.equal({ status: 200, text: 'some bytes' });
    });

    it('stops working when it expires', async () => {
      const { url, expireTime } = await urlOf(mesh.alice, scene, none, 1);
      const left = (expireTime?.getTime() ?? 0) - Date.now();
      await new Promise((resolve) => setTimeout(resolve, left + 50));
      expect((await get(url)).status).to.equal(403);
    });

    it('allows what Download allows', async () => {
      const { blobName } = await mesh.agent.upload(uploadOf(attemptResult('w-1'), bytes));
      const grant = Buffer.from(signGrant(meshSecret, { blob: blobName, customer: 'alice' }));
      expect((await get((await urlOf(mesh.alice, blobName, grant)).url)).text).to.equal(
        'some bytes',
      );
      expect(await reasonOf(urlOf(mesh.bob, blobName, grant))).to.equal('BLOB_NOT_FOUND');
      expect(await reasonOf(urlOf(mesh.bob, scene))).to.equal('BLOB_NOT_FOUND');
      expect(await reasonOf(urlOf(mesh.operator, `${scene.slice(0, -4)}zzzz`))).to.equal(
        'BLOB_NOT_FOUND',
      );
      expect(await reasonOf(urlOf(mesh.alice, '../x'))).to.equal('INVALID_FIELDS');
      expect(await reasonOf(urlOf(mesh.alice, scene, none, 86_401))).to.equal('INVALID_FIELDS');
      expect(await reasonOf(urlOf(mesh.agent, scene))).to.equal('ROLE_NOT_ALLOWED');
    });
  });

  it('are not supported if the connection string holds no account key', async function () {
    this.timeout(60_000);
    const connection =
      'BlobEndpoint=http://127.0.0.1:1/x;SharedAccessSignature=sv=2024-11-04&sig=eA%3D%3D';
    await using keyless = await startFixture({}, { MUSTER_BLOB_CONNECTION: connection });
    const ask = { customerId: '', ttlSeconds: 0 };
    expect(await reasonOf(keyless.alice.createUploadUrl(ask))).to.equal('URLS_NOT_SUPPORTED');
  });
});
