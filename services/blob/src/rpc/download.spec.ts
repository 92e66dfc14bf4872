import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { signGrant } from '#libs/auth/index.ts';
import { uploadOf, customerFile, readAll, withoutTag } from '#libs/testing/index.ts';
import {
  attemptResult,
  meshSecret,
  reasonOf,
  sha256Of,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';

const none: Buffer = Buffer.alloc(0);
const badNames = [
  '',
  '..',
  'uploads/../x/y',
  'uploads\\x\\y',
  'x'.repeat(2_000),
  'results/w-1',
  'uploads/a/b/../c',
];

type Client = BlobFixture['alice'];
const read = (client: Client, blobName: string, grant = none, offset = 0, lengthBytes = 0) =>
  readAll(client.download({ blobName, grant, offset, lengthBytes }));
const grant = (holder: { machine: string } | { customer: string }, blob: string): Buffer =>
  Buffer.from(signGrant(meshSecret, { blob, ...holder }));

const reasons = async (client: Client, blobName: string, proof = none): Promise<string[]> => [
  await reasonOf(read(client, blobName, proof)),
  await reasonOf(client.statBlob({ blobName, grant: proof })),
];

const list = (client: Client, prefix: string, pageSize = 0, pageToken = '') =>
  client.listBlobs({ prefix, pageSize, pageToken });

describe('Blobs that are stored', () => {
  const bytes = randomBytes(3_000_000);
  const result = randomBytes(5_000);
  let mesh: BlobFixture;
  let scene: string;
  let picture: string;

  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture();
    ({ blobName: scene } = await mesh.alice.upload(uploadOf(customerFile(), bytes)));
    ({ blobName: picture } = await mesh.agent.upload(uploadOf(attemptResult('w-1'), result)));
  });
  after(() => mesh[Symbol.asyncDispose]());

  describe('Download', () => {
    it('streams the whole blob, with length and hash first', async () => {
      const got = await read(mesh.alice, scene);
      expect(got.bytes.equals(bytes)).to.equal(true);
      expect(got).to.deep.include({ totalBytes: bytes.length, sha256: sha256Of(bytes) });
    });

    it('streams ranges from an offset, with a length, and up to the end for a longer one', async () => {
      const ranges: [offset: number, length: number][] = [
        [0, 1],
        [1, 0],
        [1_000_000, 1_048_577],
        [bytes.length - 1, 0],
        [bytes.length - 10, 1_000],
      ];
      for (const [offset, length] of ranges) {
        const got = await read(mesh.alice, scene, none, offset, length);
        const expected = bytes.subarray(offset, length === 0 ? undefined : offset + length);
        expect(got.bytes.equals(expected), `${offset}+${length}`).to.equal(true);
        expect(got.totalBytes).to.equal(bytes.length);
      }
    });

    it('refuses a range that begins at or after the end', async () => {
      for (const offset of [bytes.length, bytes.length + 1, 2 ** 50]) {
        expect(await reasonOf(read(mesh.alice, scene, none, offset))).to.equal(
          'RANGE_NOT_SATISFIABLE',
        );
      }
    });

    it('can be left in the middle', async () => {
      for await (const message of mesh.alice.download({
        blobName: scene,
        grant: none,
        offset: 0,
        lengthBytes: 0,
      })) {
        expect(message.totalBytes).to.equal(bytes.length);
        break;
      }
    });
  });

  describe('Download and StatBlob', () => {
    it("answer the same for other customers' files and for missing files", async () => {
      expect(await reasons(mesh.bob, scene)).to.deep.equal(['BLOB_NOT_FOUND', 'BLOB_NOT_FOUND']);
      const missing = scene.replace(/.{4}$/, 'zzzz');
      expect(await reasons(mesh.alice, missing)).to.deep.equal([
        'BLOB_NOT_FOUND',
        'BLOB_NOT_FOUND',
      ]);
    });

    it('need a grant for this blob and this caller, except from operators and services', async () => {
      const refused = ['BLOB_NOT_FOUND', 'BLOB_NOT_FOUND'];
      const answered = ['answered', 'answered'];
      expect(await reasons(mesh.agent, scene)).to.deep.equal(refused);
      expect(await reasons(mesh.agent, scene, grant({ machine: 'm-1' }, scene))).to.deep.equal(
        answered,
      );
      expect(await reasons(mesh.otherAgent, scene, grant({ machine: 'm-1' }, scene))).to.deep.equal(
        refused,
      );
      expect(await reasons(mesh.agent, scene, grant({ machine: 'm-1' }, picture))).to.deep.equal(
        refused,
      );
      expect(await reasons(mesh.alice, picture)).to.deep.equal(refused);
      expect(
        await reasons(mesh.alice, picture, grant({ customer: 'alice' }, picture)),
      ).to.deep.equal(answered);
      expect(await reasons(mesh.bob, picture, grant({ customer: 'alice' }, picture))).to.deep.equal(
        refused,
      );
      expect(await reasons(mesh.operator, picture)).to.deep.equal(answered);
      expect(await reasons(mesh.service, scene)).to.deep.equal(answered);
    });

    it('refuse names that no blob can have', async () => {
      for (const name of badNames) {
        expect(await reasons(mesh.alice, name), name.slice(0, 40)).to.deep.equal([
          'INVALID_FIELDS',
          'INVALID_FIELDS',
        ]);
      }
    });

    it('agree on length and hash, and tell when the blob was stored', async () => {
      const { blob } = await mesh.alice.statBlob({ blobName: scene, grant: none });
      expect(blob).to.deep.include({
        blobName: scene,
        sizeBytes: bytes.length,
        sha256: sha256Of(bytes),
      });
      expect(Math.abs((blob?.createTime?.getTime() ?? 0) - Date.now())).to.be.below(60_000);
    });
  });

  describe('ListBlobs', () => {
    it('gives names in order, page by page, with length and hash', async () => {
      for (const frame of [9, 3, 7, 1, 5]) {
        const upload = uploadOf(
          attemptResult('w-list', { task: `frames/${frame}` }),
          Buffer.from(`frame ${frame}`),
        );
        await mesh.agent.upload(upload);
      }
      const names: string[] = [];
      let pageToken = '';
      do {
        const page = await list(mesh.service, 'results/w-list/', 2, pageToken);
        expect(page.blobs.length).to.be.within(1, 2);
        for (const { blobName, sizeBytes, sha256 } of page.blobs) {
          names.push(blobName);
          expect(sizeBytes).to.equal(7);
          expect(sha256).to.match(/^[0-9a-f]{64}$/);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(names.map(withoutTag)).to.deep.equal(
        [1, 3, 5, 7, 9].map((frame) => `results/w-list/frames/${frame}/0-0-1.png`),
      );
    });

    it('finds nothing under an unused prefix', async () => {
      expect(await list(mesh.service, 'results/w-none/')).to.deep.equal({
        blobs: [],
        nextPageToken: '',
      });
    });

    it('refuses malformed prefixes, page sizes and foreign page tokens', async () => {
      const foreign = (await list(mesh.service, '', 1)).nextPageToken;
      expect(foreign).not.to.equal('');
      const wrong = [
        list(mesh.service, '../x'),
        list(mesh.service, 'a\\b'),
        list(mesh.service, '', -1),
        list(mesh.service, '', 1_001),
        list(mesh.service, '', 1, 'nonsense'),
        list(mesh.service, 'x', 1, foreign),
      ];
      for (const call of wrong) {
        expect(await reasonOf(call)).to.equal('INVALID_FIELDS');
      }
    });
  });

  describe('DeleteBlob', () => {
    it('removes a blob for good and can be repeated', async () => {
      const { blobName } = await mesh.agent.upload(uploadOf(attemptResult('w-del'), result));
      await mesh.service.deleteBlob({ blobName });
      await mesh.service.deleteBlob({ blobName });
      expect(await reasonOf(mesh.service.statBlob({ blobName, grant: none }))).to.equal(
        'BLOB_NOT_FOUND',
      );
    });

    it('refuses names that no blob can have, and customers', async () => {
      for (const blobName of badNames) {
        expect(await reasonOf(mesh.service.deleteBlob({ blobName }))).to.equal('INVALID_FIELDS');
      }
      expect(await reasonOf(mesh.alice.deleteBlob({ blobName: scene }))).to.equal(
        'ROLE_NOT_ALLOWED',
      );
    });
  });
});
