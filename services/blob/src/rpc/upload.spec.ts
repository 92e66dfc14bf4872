import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { verifyReceipt } from '#libs/auth/index.ts';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { MAX_FURTHER_FILES } from '#libs/mesh/index.ts';
import { startProxy, uploadOf, customerFile, readAll, withoutTag } from '#libs/testing/index.ts';
import {
  attemptResult,
  connect,
  meshSecret,
  reasonOf,
  sha256Of,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';

const maximumBytes = 12 * 2 ** 20;
const chunk = (value: Buffer): UploadRequest => ({ part: { $case: 'chunk', value } });
const headerOf = (value = customerFile()): UploadRequest =>
  [...uploadOf(value, Buffer.alloc(0))][0] ?? { part: undefined };

describe('Upload', () => {
  let mesh: BlobFixture;
  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture({}, { MUSTER_MAX_UPLOAD: `${maximumBytes}B` });
  });
  after(() => mesh[Symbol.asyncDispose]());

  const stored = async (): Promise<string[]> =>
    (await mesh.service.listBlobs({ prefix: '', pageSize: 1_000, pageToken: '' })).blobs.map(
      ({ blobName }) => blobName,
    );

  describe('of a customer', () => {
    it('stores bytes of unknown length under a new name each time, and answers their hash', async () => {
      const bytes = randomBytes(9_000_001);
      const first = await mesh.alice.upload(uploadOf(customerFile(), bytes));
      const second = await mesh.alice.upload(uploadOf(customerFile(), bytes));
      expect(first.sizeBytes).to.equal(bytes.length);
      expect(first.sha256).to.equal(sha256Of(bytes));
      expect(first.receipt).to.equal(undefined);
      expect(second.blobName).not.to.equal(first.blobName);
      const read = await readAll(
        mesh.alice.download({
          blobName: first.blobName,
          offset: 0,
          lengthBytes: 0,
          grant: Buffer.alloc(0),
        }),
      );
      expect(read.bytes.equals(bytes)).to.equal(true);
    });

    it('takes one block exactly, one byte less and one byte more', async () => {
      for (const length of [1, 4 * 2 ** 20 - 1, 4 * 2 ** 20, 4 * 2 ** 20 + 1, 8 * 2 ** 20]) {
        const bytes = randomBytes(length);
        const header = { ...customerFile(), sha256: sha256Of(bytes), sizeBytes: length };
        const answer = await mesh.alice.upload(uploadOf(header, bytes, 2 ** 20));
        expect(answer.sizeBytes).to.equal(length);
      }
    });

    it('takes as many bytes as allowed', async () => {
      const answer = await mesh.alice.upload(
        uploadOf(customerFile(), Buffer.alloc(maximumBytes), 2 ** 20),
      );
      expect(answer.sizeBytes).to.equal(maximumBytes);
    });

    it('gives the file to the customer that an operator names', async () => {
      const { blobName } = await mesh.operator.upload(
        uploadOf(customerFile('alice'), Buffer.from('x')),
      );
      const stat = await mesh.alice.statBlob({ blobName, grant: Buffer.alloc(0) });
      expect(stat.blob?.sizeBytes).to.equal(1);
    });
  });

  describe('that is refused', () => {
    const bytes = Buffer.from('some bytes');
    let storedBefore: string[];
    beforeEach(async () => {
      storedBefore = await stored();
    });
    afterEach('leaves nothing to be seen under any name', async () => {
      expect(await stored()).to.deep.equal(storedBefore);
    });

    it('has another hash than announced', async () => {
      const upload = uploadOf({ ...customerFile(), sha256: 'ab'.repeat(32) }, bytes);
      expect(await reasonOf(mesh.alice.upload(upload))).to.equal('SHA256_MISMATCH');
    });

    it('is shorter or longer than announced', async () => {
      for (const sizeBytes of [0, 9, 11, 2 ** 40]) {
        const reason = await reasonOf(
          mesh.alice.upload(uploadOf({ ...customerFile(), sizeBytes }, bytes)),
        );
        expect(reason, String(sizeBytes)).to.equal(
          sizeBytes > maximumBytes ? 'UPLOAD_TOO_LARGE' : 'SIZE_MISMATCH',
        );
      }
    });

    it('has no bytes, with and without empty chunks', async () => {
      expect(await reasonOf(mesh.alice.upload([headerOf()]))).to.equal('EMPTY_UPLOAD');
      expect(await reasonOf(mesh.alice.upload([headerOf(), chunk(Buffer.alloc(0))]))).to.equal(
        'EMPTY_UPLOAD',
      );
    });

    it('is longer than the service allows', async () => {
      const upload = uploadOf(customerFile(), Buffer.alloc(maximumBytes + 1), 2 ** 20);
      expect(await reasonOf(mesh.alice.upload(upload))).to.equal('UPLOAD_TOO_LARGE');
    });

    it('has no header first, two headers, an empty message, a chunk over 1 MiB', async () => {
      const wrong: UploadRequest[][] = [
        [],
        [chunk(bytes)],
        [headerOf(), chunk(bytes), headerOf()],
        [headerOf(), { part: undefined }],
        [headerOf(), chunk(Buffer.alloc(2 ** 20 + 1))],
      ];
      for (const messages of wrong) {
        expect(await reasonOf(mesh.alice.upload(messages))).to.equal('INVALID_FIELDS');
      }
    });

    it('has malformed fields', async () => {
      const wrong = [
        { target: undefined },
        { ...customerFile(), sha256: 'AB'.repeat(32) },
        { ...customerFile(), sha256: 'ab' },
        customerFile('bob'),
      ];
      for (const fields of wrong) {
        expect(
          await reasonOf(mesh.alice.upload(uploadOf(fields, bytes))),
          JSON.stringify(fields),
        ).to.equal('INVALID_FIELDS');
      }
      expect(await reasonOf(mesh.operator.upload(uploadOf(customerFile(), bytes)))).to.equal(
        'INVALID_FIELDS',
      );
    });

    it('is not for its role to upload', async () => {
      for (const client of [mesh.alice, mesh.operator]) {
        expect(await reasonOf(client.upload(uploadOf(attemptResult('w-1'), bytes)))).to.equal(
          'UPLOAD_TARGET_REFUSED',
        );
      }
      expect(await reasonOf(mesh.agent.upload(uploadOf(customerFile('alice'), bytes)))).to.equal(
        'UPLOAD_TARGET_REFUSED',
      );
    });

    it('is cancelled in the middle', async () => {
      const giveUp = new AbortController();
      async function* broken(): AsyncGenerator<UploadRequest> {
        yield headerOf();
        for (let sent = 0; sent < 6; sent += 1) {
          yield chunk(Buffer.alloc(2 ** 20, sent));
        }
        giveUp.abort();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await reasonOf(mesh.alice.upload(broken(), { signal: giveUp.signal }))).not.to.equal(
        'answered',
      );
    });

    it('is cut off by the network', async () => {
      await using proxy = await startProxy({ target: mesh.server.port });
      using client = connect(`ipv4:127.0.0.1:${proxy.port}`, await mesh.token('customer', 'alice'));
      async function* broken(): AsyncGenerator<UploadRequest> {
        yield headerOf();
        for (let sent = 0; sent < 6; sent += 1) {
          yield chunk(Buffer.alloc(2 ** 20, sent));
        }
        proxy.cut();
      }
      expect(await reasonOf(client.upload(broken()))).not.to.equal('answered');
    });
  });

  describe('of an attempt', () => {
    it('is stored under the name of the attempt, with a receipt for exactly these bytes', async () => {
      const bytes = randomBytes(70_000);
      const answer = await mesh.agent.upload(
        uploadOf(attemptResult('w-a', { attempt: '2-7', generation: 1 }), bytes),
      );
      const name = answer.blobName;
      expect(withoutTag(name)).to.equal('results/w-a/frames/1/1-2-7.png');
      expect(answer).to.deep.include({ sizeBytes: 70_000, sha256: sha256Of(bytes) });
      const { receipt } = answer;
      expect(receipt).to.deep.include({
        blobName: name,
        sizeBytes: 70_000,
        sha256: sha256Of(bytes),
      });
      const fields = { path: name, sha256: sha256Of(bytes), sizeBytes: 70_000 };
      expect(verifyReceipt(meshSecret, fields, receipt?.signature ?? Buffer.alloc(0))).to.equal(
        true,
      );
    });

    it('is stored under a name that does not follow from those of other attempts', async () => {
      const tagOf = async (workload: string, attempt: string): Promise<string> => {
        const target = attemptResult(workload, { attempt });
        const { blobName } = await mesh.agent.upload(uploadOf(target, Buffer.from('x')));
        return /-([0-9a-f]{24})\.png$/.exec(blobName)?.[1] ?? '';
      };
      const tags = [
        await tagOf('w-g', '0-1'),
        await tagOf('w-g', '0-2'),
        await tagOf('w-h', '0-1'),
      ];
      expect(new Set([...tags, '']).size).to.equal(4);
      expect(await tagOf('w-g', '0-1')).to.equal(tags[0]);
    });

    it('keeps logs beside results', async () => {
      const { target } = attemptResult('w-a', { attempt: '2-8' });
      const file = target?.$case === 'attemptResult' ? target.value : undefined;
      if (file === undefined) {
        throw new Error('no attempt');
      }
      const log = uploadOf(
        { target: { $case: 'attemptLog', value: { ...file, extension: '' } } },
        Buffer.from('why'),
      );
      expect(withoutTag((await mesh.agent.upload(log)).blobName)).to.equal(
        'logs/w-a/frames/1/0-2-8.log',
      );
    });

    it('gives the same receipt for the same bytes, and refuses others', async () => {
      const bytes = randomBytes(5_000_000);
      const target = attemptResult('w-b');
      const first = await mesh.agent.upload(uploadOf(target, bytes));
      expect(await mesh.agent.upload(uploadOf(target, bytes))).to.deep.equal(first);
      const other = Buffer.from(bytes);
      other[4_999_999] = (other[4_999_999] ?? 0) ^ 1;
      expect(await reasonOf(mesh.agent.upload(uploadOf(target, other)))).to.equal(
        'ATTEMPT_HAS_OTHER_BYTES',
      );
      const { blob } = await mesh.service.statBlob({
        blobName: first.blobName,
        grant: Buffer.alloc(0),
      });
      expect(blob?.sha256).to.equal(sha256Of(bytes));
    });

    it('accepts one of racing uploads, and the others with the same bytes', async () => {
      const contents = [randomBytes(4_500_000), randomBytes(4_500_000), randomBytes(4_500_000)];
      const uploads = Array.from({ length: 12 }, (_, at) => contents[at % 3] ?? Buffer.alloc(0));
      const outcomes = await Promise.all(
        uploads.map(async (bytes) => {
          const reason = await reasonOf(
            mesh.agent.upload(uploadOf(attemptResult('w-race'), bytes)),
          );
          return { hash: sha256Of(bytes), reason };
        }),
      );
      const won = new Set(
        outcomes.filter(({ reason }) => reason === 'answered').map(({ hash }) => hash),
      );
      expect(outcomes.filter(({ reason }) => reason === 'answered')).to.have.length(4);
      expect(won.size).to.equal(1);
      expect(outcomes.filter(({ reason }) => reason === 'ATTEMPT_HAS_OTHER_BYTES')).to.have.length(
        8,
      );
      const [blobName = ''] = (await stored()).filter((name) => name.includes('/w-race/'));
      const read = await readAll(
        mesh.service.download({ blobName, offset: 0, lengthBytes: 0, grant: Buffer.alloc(0) }),
      );
      expect(won.has(sha256Of(read.bytes))).to.equal(true);
    });

    it('needs the token of this workload, task, generation, attempt and machine', async () => {
      const bytes = Buffer.from('forged');
      const right = attemptResult('w-t').target;
      if (right?.$case !== 'attemptResult' || right.value.attempt === undefined) {
        throw new Error('no attempt');
      }
      const { value } = right;
      const { attempt } = right.value;
      const forged = [
        { ...value, workloadId: 'w-u' },
        ...[
          { task: 'frames/2' },
          { generation: 1 },
          { attempt: '0-2' },
          { token: Buffer.alloc(16) },
          { token: Buffer.alloc(0) },
        ].map((change) => ({ ...value, attempt: { ...attempt, ...change } })),
      ];
      for (const file of forged) {
        const upload = uploadOf({ target: { $case: 'attemptResult', value: file } }, bytes);
        expect(await reasonOf(mesh.agent.upload(upload))).to.equal('ATTEMPT_TOKEN_INVALID');
      }
      expect(
        await reasonOf(mesh.otherAgent.upload(uploadOf(attemptResult('w-t'), bytes))),
      ).to.equal('ATTEMPT_TOKEN_INVALID');
      expect((await stored()).filter((name) => /w-[tu]/.test(name))).to.deep.equal([]);
    });

    it('takes as many further files of an attempt as a result may have', async () => {
      const { target } = attemptResult('w-p');
      const store = (part: number): Promise<string> => {
        const value = target?.$case === 'attemptResult' ? { ...target.value, part } : undefined;
        const header = value && { target: { $case: 'attemptResult', value } as const };
        return reasonOf(mesh.agent.upload(uploadOf(header ?? {}, Buffer.from('x'))));
      };
      const last = MAX_FURTHER_FILES;
      expect(await Promise.all([1, last, last + 1, 999].map(store))).to.deep.equal([
        'answered',
        'answered',
        'INVALID_FIELDS',
        'INVALID_FIELDS',
      ]);
    });

    it('takes no part of a path from the caller', async () => {
      const bytes = Buffer.from('x');
      const wrong = [
        attemptResult('../w-1'),
        attemptResult('w\\1'),
        attemptResult(''),
        attemptResult('w'.repeat(2_000)),
        attemptResult('w-1', { task: '../../x/1' }),
        attemptResult('w-1', { task: 'frames/1/../2' }),
        attemptResult('w-1', { task: `frames/${'1'.repeat(2_000)}` }),
        attemptResult('w-1', { attempt: '0-1/../../x' }),
        attemptResult('w-1', { extension: 'p/g' }),
        attemptResult('w-1', { extension: '..' }),
        attemptResult('w-1', { extension: '' }),
      ];
      for (const target of wrong) {
        expect(
          await reasonOf(mesh.agent.upload(uploadOf(target, bytes))),
          JSON.stringify(target),
        ).to.equal('INVALID_FIELDS');
      }
    });
  });
});
