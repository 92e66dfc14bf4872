import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { signGrant } from '#libs/auth/index.ts';
import { pageToken } from '#libs/pages/index.ts';
import { readAll, testLog } from '#libs/testing/index.ts';
import { connect, meshSecret, reasonOf, startFixture, type BlobFixture } from '../fixtures/blob.ts';
import { commitOf, fileOf, storeParts } from '../fixtures/parts.ts';
import { startBlob } from '../service.ts';

const none = Buffer.alloc(0);

describe('parts of a manifest', function () {
  this.timeout(60_000);
  let mesh: BlobFixture;
  before(async () => {
    mesh = await startFixture();
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** Commits and answers the name of the manifest. */
  const committed = async (...args: Parameters<typeof commitOf>): Promise<string> => {
    const { receipt } = await mesh.agent.commitParts(commitOf(...args));
    return receipt?.blobName ?? 'missing';
  };
  const list = (client: BlobFixture['agent'], blobName: string, pageSize = 0, token = '') =>
    client.listParts({ blobName, grant: none, pageSize, pageToken: token });

  describe('ListParts', () => {
    const texts = ['a', 'b', 'c'];
    let name: string;
    before(async () => {
      await storeParts(mesh.agent, 'w-list', texts);
      const files = texts.map((text) => fileOf(`${text}/U`, text));
      name = await committed('w-list', [...files, fileOf('d', '')]);
    });

    it('gives whoever may read the manifest its files, with grants for them alone', async () => {
      const grantOf = (holder: object): Buffer =>
        Buffer.from(signGrant(meshSecret, { blob: name, ...holder } as never));
      const callers = [
        [mesh.alice, grantOf({ customer: 'alice' }), mesh.bob],
        [mesh.agent, grantOf({ machine: 'm-1' }), mesh.otherAgent],
      ] as const;
      for (const [client, grant, other] of callers) {
        const ask = { blobName: name, grant, pageSize: 0, pageToken: '' };
        const { parts } = await client.listParts(ask);
        expect(parts.map(({ file }) => file?.path)).to.deep.equal(['a/U', 'b/U', 'c/U', 'd']);
        expect(parts[3]).to.deep.include({ blobName: '', grant: none });
        for (const [i, text] of texts.entries()) {
          const { blobName = '', grant: own = none } = parts[i] ?? {};
          const read = { blobName, grant: own, offset: 0, lengthBytes: 0 };
          expect((await readAll(client.download(read))).bytes.toString()).to.equal(text);
          expect(await reasonOf(readAll(other.download(read)))).to.equal('BLOB_NOT_FOUND');
        }
        expect(await reasonOf(other.listParts(ask))).to.equal('BLOB_NOT_FOUND');
      }
      expect(
        (await list(mesh.operator, name)).parts.map(({ grant }) => grant.length),
      ).to.deep.equal([0, 0, 0, 0]);
    });

    it('gives pages, also across the chunks of a manifest', async () => {
      const seen: string[] = [];
      const { sha256, sizeBytes } = fileOf('', 'a');
      const paths = Array.from({ length: 2_100 }, (_, i) => `f${String(i).padStart(4, '0')}`);
      const files = paths.map((path) => ({ path, sha256, sizeBytes }));
      const large = await committed('w-list', files, { attempt: '0-2' });
      for (let next = '', isFirst = true; isFirst || next !== ''; isFirst = false) {
        const page = await list(mesh.service, large, 700, next);
        expect(page.parts.length).to.be.within(1, 700);
        expect(page).to.include({ totalFiles: 2_100, totalBytes: 2_100 });
        seen.push(...page.parts.map(({ file }) => file?.path ?? ''));
        next = page.nextPageToken;
      }
      expect(seen).to.deep.equal(paths);
    });

    it('refuses what is no manifest, and pages that it did not give', async () => {
      const foreign = pageToken(`parts ${name}`, ['-1']);
      const beyond = pageToken(`parts ${name}`, ['4']);
      const wrong = [
        list(mesh.service, `parts/w-list/${'0'.repeat(64)}`),
        list(mesh.service, name.replace('.parts', '.png')),
        list(mesh.service, '../x'),
        list(mesh.service, name, 1_001),
        list(mesh.service, name, 1, 'rubbish'),
        list(mesh.service, name, 1, foreign),
      ];
      for (const call of wrong) {
        expect(await reasonOf(call)).to.equal('INVALID_FIELDS');
      }
      expect(await list(mesh.service, name, 1, beyond)).to.deep.include({
        parts: [],
        nextPageToken: '',
      });
      expect(await reasonOf(list(mesh.service, name.replace('0-0-1', '0-0-9')))).to.equal(
        'BLOB_NOT_FOUND',
      );
    });

    it('answers the same after a restart', async () => {
      await using stack = new AsyncDisposableStack();
      const server = await startBlob(mesh.config, testLog, stack);
      const token = await mesh.token('service', 'session-supervisor');
      const client = stack.use(connect(server.address, token));
      expect(await list(client, name)).to.deep.equal(await list(mesh.service, name));
      const again = await mesh.token('agent', 'alice', 'm-1');
      const agent = stack.use(connect(server.address, again));
      const files = [...texts.map((text) => fileOf(`${text}/U`, text)), fileOf('d', '')];
      const answer = await agent.commitParts(commitOf('w-list', files));
      expect(answer.receipt?.blobName).to.equal(name);
    });
  });

  describe('CheckParts', () => {
    it('counts parts that the storage lost', async () => {
      const [lost = ''] = await storeParts(mesh.agent, 'w-check', ['a', 'b']);
      const files = [fileOf('x', 'a'), fileOf('y', 'b'), fileOf('z', '')];
      const blobName = await committed('w-check', files);
      const check = () => mesh.service.checkParts({ blobName });
      expect((await check()).missingParts).to.equal(0);
      await mesh.service.deleteBlob({ blobName: lost });
      expect((await check()).missingParts).to.equal(1);
      await mesh.service.deleteBlob({ blobName });
      expect(await reasonOf(check())).to.equal('BLOB_NOT_FOUND');
      const part = mesh.service.checkParts({ blobName: lost });
      expect(await reasonOf(part)).to.equal('INVALID_FIELDS');
      expect(await reasonOf(mesh.alice.checkParts({ blobName }))).to.equal('ROLE_NOT_ALLOWED');
    });
  });
});
