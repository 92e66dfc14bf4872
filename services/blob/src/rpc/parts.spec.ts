import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { verifyReceipt } from '#libs/auth/index.ts';
import type { CommitPartsRequest, PartFile } from '#libs/contracts/blob.ts';
import { failureOf, readAll, uploadOf, withoutTag } from '#libs/testing/index.ts';
import {
  attemptResult,
  meshSecret,
  reasonOf,
  sha256Of,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';
import { commitOf, fileOf, filesOf, headerOf, partOf, storeParts } from '../fixtures/parts.ts';

const none = Buffer.alloc(0);
const MAX_PART_BYTES = 2 ** 20;
const compare = (a = '', b = ''): number => (a < b ? -1 : 1);

describe('parts of an attempt', function () {
  this.timeout(60_000);
  let mesh: BlobFixture;
  before(async () => {
    mesh = await startFixture({}, { MUSTER_MAX_PART: `${MAX_PART_BYTES}B` });
  });
  after(() => mesh[Symbol.asyncDispose]());

  const commit = (...args: Parameters<typeof commitOf>) =>
    mesh.agent.commitParts(commitOf(...args));
  /** Commits and answers the name of the manifest. */
  const committed = async (...args: Parameters<typeof commitOf>): Promise<string> =>
    (await commit(...args)).receipt?.blobName ?? 'missing';
  const list = (blobName: string) =>
    mesh.service.listParts({ blobName, grant: none, pageSize: 0, pageToken: '' });
  const namesUnder = async (prefix: string): Promise<string[]> =>
    (await mesh.service.listBlobs({ prefix, pageSize: 1_000, pageToken: '' })).blobs.map(
      ({ blobName }) => blobName,
    );

  describe('Upload of a part', () => {
    it('stores it under its hash, once for all attempts of a workload', async () => {
      const name = `parts/w-up/${sha256Of(Buffer.from('mesh'))}`;
      const first = await mesh.agent.upload(uploadOf(partOf('w-up', 'mesh'), Buffer.from('mesh')));
      expect(first).to.deep.include({ blobName: name, sizeBytes: 4, receipt: undefined });
      const other = partOf('w-up', 'mesh', { attempt: '0-2', task: 'frames/2', machine: 'm-2' });
      const second = await mesh.otherAgent.upload(uploadOf(other, Buffer.from('mesh')));
      expect(second).to.deep.equal(first);
      expect(await namesUnder('parts/w-up/')).to.deep.equal([name]);
    });

    it('is refused with other bytes than its name says, without hash or length, or over its bound', async () => {
      const bytes = Buffer.from('right');
      const part = partOf('w-lie', 'right');
      const large = Buffer.alloc(MAX_PART_BYTES + 1, 'x');
      const wrong = [
        [part, Buffer.from('wrong'), 'SHA256_MISMATCH'],
        [part, Buffer.from('righter'), 'SIZE_MISMATCH'],
        [part, none, 'SIZE_MISMATCH'],
        [{ ...part, sha256: '' }, bytes, 'INVALID_FIELDS'],
        [{ ...part, sha256: '../../results/x' }, bytes, 'INVALID_FIELDS'],
        [{ ...part, sizeBytes: undefined }, bytes, 'INVALID_FIELDS'],
        [partOf('w-lie', large.toString()), large, 'UPLOAD_TOO_LARGE'],
        [partOf('../w', 'right'), bytes, 'INVALID_FIELDS'],
      ] as const;
      for (const [header, sent, reason] of wrong) {
        expect(await reasonOf(mesh.agent.upload(uploadOf(header, sent)))).to.equal(reason);
      }
      expect(await namesUnder('parts/w-lie/')).to.deep.equal([]);
    });

    it('needs the token of an attempt of the workload at the machine', async () => {
      const bytes = Buffer.from('x');
      const { target } = partOf('w-mine', 'x');
      if (target?.$case !== 'attemptPart') {
        throw new Error('no part');
      }
      const foreign = { ...target.value, workloadId: 'w-theirs' };
      const header = { ...partOf('w-mine', 'x'), target: { ...target, value: foreign } };
      const upload = (client: BlobFixture['agent'], part: typeof header) =>
        reasonOf(client.upload(uploadOf(part, bytes)));
      expect(await upload(mesh.agent, header)).to.equal('ATTEMPT_TOKEN_INVALID');
      const own = { ...header, target };
      expect(await upload(mesh.otherAgent, own)).to.equal('ATTEMPT_TOKEN_INVALID');
      expect(await upload(mesh.alice, own)).to.equal('UPLOAD_TARGET_REFUSED');
      expect(await upload(mesh.operator, own)).to.equal('UPLOAD_TARGET_REFUSED');
    });

    it('makes no manifest: only a commit stores a result of parts', async () => {
      const header = attemptResult('w-fake', { extension: 'parts' });
      const failure = await failureOf(mesh.agent.upload(uploadOf(header, Buffer.from('fake'))));
      expect(failure?.violations).to.deep.equal([
        {
          field: 'header.attempt_result.extension',
          description: 'results of parts are made by CommitParts',
        },
      ]);
    });
  });

  describe('CommitParts', () => {
    it('makes parts the result of an attempt, with a receipt, and again the same', async () => {
      await storeParts(mesh.agent, 'w-ok', ['a', 'b']);
      const files = [fileOf('0/U', 'a'), fileOf('0/p', 'b'), fileOf('0.5/U', 'a'), fileOf('e', '')];
      const first = await commit('w-ok', files, { perMessage: 3 });
      expect(first).to.deep.include({ missing: [], missingParts: 0 });
      const { receipt } = first;
      expect(withoutTag(receipt?.blobName ?? '')).to.equal('results/w-ok/frames/1/0-0-1.parts');
      const { blobName: path = '', sha256 = '', sizeBytes = 0, signature = none } = receipt ?? {};
      expect(verifyReceipt(meshSecret, { path, sha256, sizeBytes }, signature)).to.equal(true);
      expect(await commit('w-ok', files)).to.deep.equal(first);
      const read = { blobName: path, offset: 0, lengthBytes: 0, grant: none };
      expect(sha256Of((await readAll(mesh.service.download(read))).bytes)).to.equal(sha256);
    });

    it('makes checkpoints, of which two share what is the same', async () => {
      await storeParts(mesh.agent, 'w-cp', ['mesh', 'U at 1', 'U at 2']);
      const names = [
        await committed('w-cp', [fileOf('1/U', 'U at 1'), fileOf('mesh', 'mesh')], {
          checkpoint: 1,
        }),
        await committed('w-cp', [fileOf('2/U', 'U at 2'), fileOf('mesh', 'mesh')], {
          checkpoint: 2,
          attempt: '0-2',
        }),
      ];
      expect(names.map((name) => name.replace(/-[0-9a-f]{24}/, ''))).to.deep.equal([
        'checkpoints/w-cp/frames/1/0-0-1.1.parts',
        'checkpoints/w-cp/frames/1/0-0-2.2.parts',
      ]);
      const [first = '', second = ''] = names;
      const meshes = await Promise.all(
        [first, second].map(async (name) => (await list(name)).parts[1]?.blobName),
      );
      expect(meshes[0]).to.equal(`parts/w-cp/${sha256Of(Buffer.from('mesh'))}`);
      expect(meshes[1]).to.equal(meshes[0]);
    });

    it('refuses other files for the same name', async () => {
      await storeParts(mesh.agent, 'w-other', ['a', 'b']);
      await committed('w-other', [fileOf('x', 'a')]);
      expect(await reasonOf(commit('w-other', [fileOf('x', 'b')]))).to.equal(
        'ATTEMPT_HAS_OTHER_BYTES',
      );
      expect(await reasonOf(commit('w-other', [fileOf('y', 'a')]))).to.equal(
        'ATTEMPT_HAS_OTHER_BYTES',
      );
    });

    it('stores nothing while parts are missing, and names them', async () => {
      await storeParts(mesh.agent, 'w-gaps', ['there']);
      await storeParts(mesh.agent, 'w-else', ['elsewhere']);
      const longer = { ...fileOf('d', 'longer'), sha256: sha256Of(Buffer.from('there')) };
      const missing = ['not sent', 'elsewhere'].map((text) => sha256Of(Buffer.from(text)));
      const files = [
        fileOf('a', 'there'),
        fileOf('b', 'not sent'),
        fileOf('c', 'elsewhere'),
        fileOf('c-again', 'elsewhere'),
      ];
      const answer = await commit('w-gaps', files);
      expect(answer).to.deep.equal({
        receipt: undefined,
        missing: missing.toSorted(compare),
        missingParts: 2,
      });
      expect((await commit('w-gaps', [longer])).missing, 'its length differs').to.deep.equal([
        longer.sha256,
      ]);
      expect(await namesUnder('results/w-gaps/')).to.deep.equal([]);
      await storeParts(mesh.agent, 'w-gaps', ['not sent', 'elsewhere']);
      expect((await commit('w-gaps', files)).missingParts).to.equal(0);
    });

    it('finds many parts in the list of names, and what is missing among them', async () => {
      const texts = Array.from({ length: 252 }, (_, i) => `part ${i}`);
      await storeParts(mesh.agent, 'w-many', texts.slice(0, 250));
      const files = texts.map((text, i) => fileOf(`f${String(i).padStart(3, '0')}`, text));
      const { missing } = await commit('w-many', files);
      expect(missing).to.deep.equal([files[250]?.sha256, files[251]?.sha256].toSorted(compare));
      await storeParts(mesh.agent, 'w-many', texts.slice(250));
      expect((await commit('w-many', files)).missingParts).to.equal(0);
    });

    it('takes 100,000 files and no more, and answers others meanwhile', async () => {
      await storeParts(mesh.agent, 'w-huge', ['same']);
      const { sha256, sizeBytes } = fileOf('', 'same');
      const files = Array.from({ length: 100_001 }, (_, i) => ({
        path: `processor${String(i % 64).padStart(2, '0')}/${String(i).padStart(6, '0')}/U`,
        sha256,
        sizeBytes,
      })).sort((a, b) => compare(a.path, b.path));
      expect(await reasonOf(commit('w-huge', files))).to.equal('INVALID_FIELDS');
      const over = new AbortController();
      const others = async (): Promise<number> => {
        let answered = 0;
        for (; !over.signal.aborted; answered += 1) {
          await mesh.service.listBlobs({ prefix: 'parts/w-huge/', pageSize: 1, pageToken: '' });
        }
        return answered;
      };
      const asking = others();
      const name = await committed('w-huge', files.slice(0, 100_000));
      over.abort();
      expect(await asking).to.be.above(3);
      const last = await list(name);
      expect(last).to.include({ totalFiles: 100_000, totalBytes: 400_000 });
    });

    it('refuses paths that leave the folder, clash, or are not in order, and malformed files', async () => {
      await storeParts(mesh.agent, 'w-bad', ['x']);
      const { sha256, sizeBytes } = fileOf('', 'x');
      const at = (...paths: string[]): PartFile[] =>
        paths.map((path) => ({ path, sha256, sizeBytes }));
      const badPaths = [
        '',
        '..',
        '../x',
        'a/../../x',
        'a/./b',
        'a//b',
        '/etc/passwd',
        'a/',
        'a\0b',
        'a\nb',
        'x'.repeat(256),
        'x/'.repeat(600),
      ];
      const wrong = [
        ...badPaths.map((path) => at(path)),
        at('a', 'a'),
        at('a', 'a/b'),
        at('a/b', 'a/b/c'),
        at('b', 'a'),
        at('0-1', '0/U'),
        [{ path: 'a', sha256: sha256.toUpperCase(), sizeBytes }],
        [{ path: 'a', sha256: '..', sizeBytes }],
        [{ path: 'a', sha256, sizeBytes: 0 }],
        [{ path: 'a', sha256: '', sizeBytes: 1 }],
        [...at('a'), { path: 'b', sha256, sizeBytes: 2 }],
        [],
      ];
      for (const files of wrong) {
        expect(await reasonOf(commit('w-bad', files)), JSON.stringify(files).slice(0, 80)).to.equal(
          'INVALID_FIELDS',
        );
      }
      const failure = await failureOf(commit('w-bad', [...at('a', 'b'), ...at('b/c')]));
      expect(failure?.violations.map(({ field }) => field)).to.deep.equal(['files[2].path']);
      expect(await namesUnder('results/w-bad/')).to.deep.equal([]);
    });

    it('refuses streams that are none of a commit', async () => {
      const file = fileOf('a', 'x');
      const wrong: CommitPartsRequest[][] = [
        [],
        [filesOf([file])],
        [headerOf('w-bad'), headerOf('w-bad')],
        [headerOf('w-bad'), { part: undefined }],
        [headerOf('w-bad'), filesOf(Array.from({ length: 1_001 }, () => file))],
        [headerOf('w-bad', { checkpoint: 1_000_000 }), filesOf([file])],
        [headerOf('w-bad', { task: '../x/1' }), filesOf([file])],
      ];
      for (const messages of wrong) {
        expect(await reasonOf(mesh.agent.commitParts(messages))).to.equal('INVALID_FIELDS');
      }
    });

    it('needs the token of this attempt at this machine', async () => {
      const files = [fileOf('a', 'x')];
      const theirs = mesh.otherAgent.commitParts(commitOf('w-bad', files));
      expect(await reasonOf(theirs)).to.equal('ATTEMPT_TOKEN_INVALID');
      expect(await reasonOf(mesh.alice.commitParts(commitOf('w-bad', files)))).to.equal(
        'ROLE_NOT_ALLOWED',
      );
    });
  });
});
