import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { CreateObjectRequest } from '#libs/contracts/blob.ts';
import { uploadOf, customerFile } from '#libs/testing/index.ts';
import {
  attemptResult,
  reasonOf,
  sha256Of,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';

const none: Buffer = Buffer.alloc(0);

type Client = BlobFixture['alice'];

const uploaded = async (client: Client, text: string): Promise<string> =>
  (await client.upload(uploadOf(customerFile(), Buffer.from(text)))).blobName;
const create = async (client: Client, ask: Partial<CreateObjectRequest>) => {
  const whole = { blobName: '', fileName: 'scene.blend', customerId: '', requestId: '', ...ask };
  const { object } = await client.object.createObject(whole);
  if (object === undefined) {
    throw new Error('no object');
  }
  return object;
};

const list = (client: Client, customerId: string, pageSize = 0, pageToken = '') =>
  client.object.listObjects({ customerId, pageSize, pageToken });

describe('ObjectService', () => {
  let mesh: BlobFixture;
  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture();
  });
  after(() => mesh[Symbol.asyncDispose]());

  describe('CreateObject', () => {
    it('makes an object of an upload', async () => {
      const blobName = await uploaded(mesh.alice, 'one');
      const object = await create(mesh.alice, { blobName, fileName: 'Größe (1).blend' });
      expect(object).to.deep.include({
        customerId: 'alice',
        fileName: 'Größe (1).blend',
        blobName,
        sizeBytes: 3,
        sha256: sha256Of(Buffer.from('one')),
      });
      expect(object.objectId).to.match(/^o-[a-z0-9]{16}$/);
      expect(await mesh.alice.object.getObject({ objectId: object.objectId })).to.deep.equal({
        object,
      });
    });

    it('answers a repeated request_id with the same object, and refuses it for another request', async () => {
      const blobName = await uploaded(mesh.alice, 'two');
      const ask = { blobName, requestId: 'r-two' };
      const object = await create(mesh.alice, ask);
      expect(await create(mesh.alice, ask)).to.deep.equal(object);
      expect(await reasonOf(create(mesh.alice, { ...ask, fileName: 'other' }))).to.equal(
        'REQUEST_ID_REUSED',
      );
      const other = await uploaded(mesh.alice, 'three');
      expect(await reasonOf(create(mesh.alice, { ...ask, blobName: other }))).to.equal(
        'REQUEST_ID_REUSED',
      );
    });

    it("keeps one customer's request ids apart from another's", async () => {
      const ofAlice = await create(mesh.alice, {
        blobName: await uploaded(mesh.alice, 'x'),
        requestId: 'r-shared',
      });
      const ofBob = await create(mesh.bob, {
        blobName: await uploaded(mesh.bob, 'x'),
        requestId: 'r-shared',
      });
      expect(ofBob.objectId).not.to.equal(ofAlice.objectId);
    });

    it('makes one object of a blob for any number of concurrent requests', async () => {
      const blobName = await uploaded(mesh.alice, 'four');
      const objects = await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          create(mesh.alice, { blobName, requestId: at % 2 === 0 ? '' : `r-four-${at}` }),
        ),
      );
      expect(new Set(objects.map(({ objectId }) => objectId)).size).to.equal(1);
    });

    it('makes one object of a request that is sent many times at once', async () => {
      const blobName = await uploaded(mesh.alice, 'five');
      const objects = await Promise.all(
        Array.from({ length: 10 }, () => create(mesh.alice, { blobName, requestId: 'r-five' })),
      );
      expect(new Set(objects.map(({ objectId }) => objectId)).size).to.equal(1);
    });

    it('works for the customer that an operator names', async () => {
      const { blobName } = await mesh.operator.upload(
        uploadOf(customerFile('bob'), Buffer.from('six')),
      );
      const object = await create(mesh.operator, { blobName, customerId: 'bob' });
      expect(object.customerId).to.equal('bob');
      expect(await mesh.bob.object.getObject({ objectId: object.objectId })).to.deep.equal({
        object,
      });
    });

    it("does not find a missing blob, another customer's, or one that is no upload", async () => {
      const blobName = await uploaded(mesh.alice, 'seven');
      const { blobName: picture } = await mesh.agent.upload(
        uploadOf(attemptResult('w-1'), Buffer.from('png')),
      );
      expect(await reasonOf(create(mesh.bob, { blobName }))).to.equal('BLOB_NOT_FOUND');
      expect(await reasonOf(create(mesh.operator, { blobName, customerId: 'bob' }))).to.equal(
        'BLOB_NOT_FOUND',
      );
      expect(await reasonOf(create(mesh.alice, { blobName: picture }))).to.equal('BLOB_NOT_FOUND');
    });

    it('names every malformed field at once', async () => {
      const ask = {
        blobName: '../x',
        fileName: 'a/b',
        customerId: 'bob',
        requestId: 'r'.repeat(65),
      };
      const refused = await mesh.alice.object.createObject(ask).catch((error: unknown) => error);
      expect(refused).to.have.property('reason', 'INVALID_FIELDS');
      expect(refused).to.have.property('violations').with.length(4);
      const blobName = await uploaded(mesh.alice, 'eight');
      for (const fileName of ['', 'a\\b', 'a\nb', 'x'.repeat(256)]) {
        expect(await reasonOf(create(mesh.alice, { blobName, fileName }))).to.equal(
          'INVALID_FIELDS',
        );
      }
      expect(await reasonOf(create(mesh.operator, { blobName }))).to.equal('INVALID_FIELDS');
    });
  });

  describe('GetObject', () => {
    it('answers operators and services, and hides it from other customers', async () => {
      const { objectId } = await create(mesh.alice, {
        blobName: await uploaded(mesh.alice, 'nine'),
      });
      expect((await mesh.operator.object.getObject({ objectId })).object?.objectId).to.equal(
        objectId,
      );
      expect((await mesh.service.object.getObject({ objectId })).object?.objectId).to.equal(
        objectId,
      );
      expect(await reasonOf(mesh.bob.object.getObject({ objectId }))).to.equal('OBJECT_NOT_FOUND');
      expect(await reasonOf(mesh.alice.object.getObject({ objectId: 'o-none' }))).to.equal(
        'OBJECT_NOT_FOUND',
      );
      expect(await reasonOf(mesh.alice.object.getObject({ objectId: '' }))).to.equal(
        'INVALID_FIELDS',
      );
      expect(await reasonOf(mesh.agent.object.getObject({ objectId }))).to.equal(
        'ROLE_NOT_ALLOWED',
      );
    });
  });

  describe('ListObjects', () => {
    it("gives a customer's objects, the newest first, page by page, and never another's", async () => {
      const carol = mesh.carol;
      const made: string[] = [];
      for (const text of ['a', 'b', 'c', 'd', 'e']) {
        made.push((await create(carol, { blobName: await uploaded(carol, text) })).objectId);
      }
      const seen: string[] = [];
      let pageToken = '';
      do {
        const page = await list(carol, 'bob', 2, pageToken);
        seen.push(...page.objects.map(({ objectId }) => objectId));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(seen).to.deep.equal(made.toReversed());
      const ofCarol = await list(mesh.operator, 'carol', 5);
      expect(ofCarol.objects.map(({ objectId }) => objectId)).to.deep.equal(seen);
      expect(ofCarol.nextPageToken).to.equal('');
      const customers = (await list(mesh.operator, '', 1_000)).objects.map(
        ({ customerId }) => customerId,
      );
      expect(customers).to.include.members(['alice', 'bob', 'carol']);
    });

    it('refuses page sizes out of bounds and page tokens of another list', async () => {
      const { nextPageToken } = await list(mesh.operator, '', 1);
      expect(nextPageToken).not.to.equal('');
      const wrong = [
        list(mesh.alice, '', -1),
        list(mesh.alice, '', 1_001),
        list(mesh.alice, '', 1, 'x'),
        list(mesh.alice, '', 1, nextPageToken),
      ];
      for (const call of wrong) {
        expect(await reasonOf(call)).to.equal('INVALID_FIELDS');
      }
    });
  });

  describe('DeleteObject', () => {
    it('removes the object and its bytes', async () => {
      const blobName = await uploaded(mesh.alice, 'ten');
      const { objectId } = await create(mesh.alice, { blobName });
      expect(await reasonOf(mesh.bob.object.deleteObject({ objectId }))).to.equal(
        'OBJECT_NOT_FOUND',
      );
      await mesh.alice.object.deleteObject({ objectId });
      expect(await reasonOf(mesh.alice.object.getObject({ objectId }))).to.equal(
        'OBJECT_NOT_FOUND',
      );
      expect(await reasonOf(mesh.alice.statBlob({ blobName, grant: none }))).to.equal(
        'BLOB_NOT_FOUND',
      );
      expect(await reasonOf(mesh.alice.object.deleteObject({ objectId }))).to.equal(
        'OBJECT_NOT_FOUND',
      );
      expect(await reasonOf(mesh.alice.object.deleteObject({ objectId: '' }))).to.equal(
        'INVALID_FIELDS',
      );
    });
  });
});
