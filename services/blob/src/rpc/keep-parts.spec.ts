import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { testLog } from '#libs/testing/index.ts';
import { connect, meshSecret, reasonOf, startFixture, type BlobFixture } from '../fixtures/blob.ts';
import { commitOf, fileOf, filesOf, headerOf, storeParts } from '../fixtures/parts.ts';
import { startBlob } from '../service.ts';
import { openBlobs } from '../store/blobs.ts';

const HOUR_MS = 3_600_000;

describe('KeepParts', function () {
  this.timeout(60_000);
  let mesh: BlobFixture;
  /** What time it is, if not what the storage says. */
  let nowMs: number | undefined;
  const toNow = (said: Date): number => nowMs ?? said.getTime();
  const makeAllOld = (): void => {
    nowMs = Date.now() + 2 * HOUR_MS;
  };
  beforeEach(async () => {
    nowMs = undefined;
    mesh = await startFixture({ toNow });
  });
  afterEach(() => mesh[Symbol.asyncDispose]());

  const keep = async (checkpoints: string[] = [], client = mesh.service): Promise<number> =>
    (await client.keepParts({ workloadId: 'w-1', checkpoints })).removed;
  const stored = async (): Promise<string[]> => {
    const page = await mesh.service.listBlobs({ prefix: '', pageSize: 1_000, pageToken: '' });
    return page.blobs.map(({ blobName }) => blobName);
  };
  const store = (...texts: string[]): Promise<string[]> => storeParts(mesh.agent, 'w-1', texts);
  const commit = async (texts: string[], ask: Parameters<typeof commitOf>[2]): Promise<string> => {
    const files = texts.map((text) => fileOf(text, text));
    const { receipt } = await mesh.agent.commitParts(commitOf('w-1', files, ask));
    return receipt?.blobName ?? 'missing';
  };
  const missingOf = async (blobName: string): Promise<number> =>
    (await mesh.service.checkParts({ blobName })).missingParts;
  it('removes checkpoints that are not kept, and parts that neither a checkpoint nor a result names', async () => {
    const [shared = '', one = '', two = '', result = '', orphan = ''] = await store(
      'shared',
      'one',
      'two',
      'result',
      'orphan',
    );
    await storeParts(mesh.agent, 'w-2', ['orphan']);
    const first = await commit(['one', 'shared'], { checkpoint: 1 });
    const second = await commit(['shared', 'two'], { checkpoint: 2 });
    const done = await commit(['result'], {});
    const before = await stored();
    makeAllOld();
    expect(await keep([second])).to.equal(3);
    const gone = [first, one, orphan];
    expect(await stored()).to.deep.equal(before.filter((name) => !gone.includes(name)));
    expect([await missingOf(second), await missingOf(done)]).to.deep.equal([0, 0]);
    expect(await keep([second])).to.equal(0);
    await mesh.service.deleteBlob({ blobName: done });
    expect(await keep()).to.equal(4);
    const left = await stored();
    for (const name of [shared, two, result, second]) {
      expect(left).not.to.include(name);
    }
    expect(left.filter((name) => name.startsWith('parts/w-2/'))).to.have.length(1);
  });

  it('leaves what was stored, sent again or committed within the last hour', async () => {
    const [old = ''] = await store('old', 'again', 'named');
    const manifest = await commit(['named'], { checkpoint: 1 });
    expect(await keep()).to.equal(0);
    // The storage tells times by the second.
    const secondMs = Math.ceil((Date.now() + 1) / 1_000) * 1_000;
    await systemClock.sleep(secondMs - Date.now());
    const [again = ''] = await store('again');
    expect(await commit(['named'], { checkpoint: 1 })).to.equal(manifest);
    const [young = ''] = await store('young');
    nowMs = secondMs + HOUR_MS;
    expect(await keep()).to.equal(1);
    const names = await stored();
    expect(names).to.include.members([again, young, manifest]);
    expect(names).not.to.include(old);
    expect(await missingOf(manifest)).to.equal(0);
  });

  it('leaves no receipt of a manifest whose parts it removes while they are committed', async () => {
    await store('a', 'b');
    makeAllOld();
    const sent = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const files = [fileOf('a', 'a'), fileOf('b', 'b')];
    const slowly = async function* () {
      yield headerOf('w-1', { checkpoint: 1 });
      yield filesOf(files);
      sent.resolve();
      await goOn.promise;
    };
    const committing = mesh.agent.commitParts(slowly());
    await sent.promise;
    expect(await keep()).to.equal(2);
    goOn.resolve();
    expect(await committing).to.deep.include({ receipt: undefined, missingParts: 2 });
    await store('a', 'b');
    const manifest = await commit(['a', 'b'], { checkpoint: 1 });
    expect(await missingOf(manifest)).to.equal(0);
  });

  it('removes nothing that is committed while it is at work', async () => {
    const [, unneeded] = await store('a', 'b');
    makeAllOld();
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const blobs = openBlobs({ ...mesh.config.storage, meshSecret, toNow });
    const late: typeof blobs.delete = async (...args) => {
      reached.resolve();
      await goOn.promise;
      return blobs.delete(...args);
    };
    await using stack = new AsyncDisposableStack();
    const other = await startBlob(mesh.config, testLog, stack, {
      blobs: { ...blobs, delete: late },
    });
    const token = await mesh.token('service', 'session-supervisor');
    const keeping = keep([], stack.use(connect(other.address, token)));
    await reached.promise;
    const manifest = await commit(['a'], { checkpoint: 1 });
    goOn.resolve();
    expect(await keeping).to.equal(1);
    expect(await missingOf(manifest)).to.equal(0);
    expect(await stored()).not.to.include(unneeded);
  });

  it('refuses what is no checkpoint of the workload, and other callers', async () => {
    const wrong = [
      { workloadId: '../w', checkpoints: [] },
      { workloadId: '', checkpoints: [] },
      { workloadId: 'w-1', checkpoints: ['checkpoints/w-2/frames/1/0-0-1.1.parts'] },
      { workloadId: 'w-1', checkpoints: ['results/w-1/frames/1/0-0-1.parts'] },
      { workloadId: 'w-1', checkpoints: ['../x'] },
    ];
    for (const request of wrong) {
      expect(await reasonOf(mesh.service.keepParts(request))).to.equal('INVALID_FIELDS');
    }
    const request = { workloadId: 'w-1', checkpoints: [] };
    for (const client of [mesh.alice, mesh.agent, mesh.operator]) {
      expect(await reasonOf(client.keepParts(request))).to.equal('ROLE_NOT_ALLOWED');
    }
  });
});
