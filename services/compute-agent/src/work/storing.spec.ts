import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Completed, Failed, Report, Work } from '#libs/contracts/agent.ts';
import { eventually, tempDir, renderSpec, withoutTag } from '#libs/testing/index.ts';
import type { RenderJob } from '../engines/blender/job.ts';
import { completed, type Engine, failed } from '../engines/engine.ts';
import type { NoopJob } from '../engines/noop/noop.ts';
import { startBlobService, type BlobFixture } from '../fixtures/blob.ts';
import { noopEngines, type Pair, type PairOptions, startPair } from '../fixtures/agent.ts';
import { noopWork, type PeerStream } from '../fixtures/peer.ts';

const MACHINE = 'm-1';

const reported = (stream: PeerStream, count: number, withinMs = 15_000): Promise<Report[]> =>
  eventually(
    () => {
      const reports = stream.reports().filter(({ reportId }) => reportId > 0);
      expect(reports).to.have.length(count);
      return reports;
    },
    { withinMs },
  );

const completedOf = (report: Report | undefined): Completed => {
  if (report?.body?.$case !== 'completed') {
    throw new Error(`reported ${JSON.stringify(report?.body)}`);
  }
  return report.body.value;
};
const failedOf = (report: Report | undefined): Failed => {
  if (report?.body?.$case !== 'failed') {
    throw new Error(`reported ${JSON.stringify(report?.body)}`);
  }
  return report.body.value;
};

/** An engine whose tasks all have the same outcome. */
const engineOf = <Job>(
  outcome: () => Promise<ReturnType<typeof completed> | ReturnType<typeof failed>>,
): Engine<Job> => ({
  open: async () => ({ kind: 'opened', run: outcome, close: async () => undefined }),
});

describe('results and scenes, with a real blob service', function () {
  this.timeout(60_000);
  let blob: BlobFixture;

  before(async () => {
    blob = await startBlobService();
  });
  after(() => blob?.[Symbol.asyncDispose]());

  const pairWith = async (options: PairOptions = {}): Promise<Pair> =>
    startPair({
      ...options,
      env: {
        MUSTER_TOKEN: await blob.agentToken(MACHINE),
        MUSTER_BLOB_ENDPOINT: blob.endpoint,
        ...options.env,
      },
    });
  const withNoop = (noop: Engine<NoopJob>): PairOptions => ({
    overrides: { ...noopEngines(), engines: { noop } },
  });

  it('stores the bytes of a result and reports them with their receipt', async () => {
    await using pair = await pairWith();
    const stream = await pair.peer.stream(0);
    stream.desire({
      ...noopWork({ resultBytes: 700_000 }),
      workloadId: 'w-bytes',
      attempts: blob.attempts('w-bytes', MACHINE, 0, 2),
    });
    for (const report of await reported(stream, 3)) {
      const { receipt, sha256 } = completedOf(report);
      const { task, attempt } = report.attempt!;
      expect(withoutTag(receipt!.blobName)).to.equal(`results/w-bytes/${task}/0-${attempt}.bin`);
      expect([receipt?.sha256, receipt?.sizeBytes]).to.deep.equal([sha256, 700_000]);
      expect(hash('sha256', await blob.download(receipt!.blobName))).to.equal(sha256);
    }
  });

  it('reports a failure with its class and the receipt of its log', async () => {
    await using pair = await pairWith();
    const stream = await pair.peer.stream(0);
    stream.desire({
      ...noopWork({ failingTasks: '0' }),
      workloadId: 'w-fails',
      attempts: blob.attempts('w-fails', MACHINE, 0),
    });
    const [report] = await reported(stream, 1);
    const { failureClass, reason, logReceipt } = failedOf(report);
    expect(failureClass).to.equal('FAILURE_CLASS_RENDER_ERROR');
    expect((await blob.download(logReceipt?.blobName ?? '')).toString()).to.include(reason);
  });

  it('keeps results while the blob service is away, goes on working, and reports them when it is back', async () => {
    await using pair = await pairWith();
    const stream = await pair.peer.stream(0);
    await blob.service.kill('SIGKILL');
    stream.desire({
      ...noopWork({ resultBytes: 100, durationMs: 1 }),
      workloadId: 'w-away',
      attempts: blob.attempts('w-away', MACHINE, 0, 5),
    });
    stream.desire({ workloadId: 'w-away', adopt: true, counter: 1_000 });
    await eventually(() =>
      expect(stream.heard.some(({ $case }) => $case === 'held')).to.equal(true),
    );
    expect(stream.reports()).to.deep.equal([]);
    await blob.service.restart();
    const reports = await reported(stream, 6, 30_000);
    expect(reports.every((report) => completedOf(report).receipt !== undefined)).to.equal(true);
  });

  it('takes the file of a result over, and removes it when it is stored', async () => {
    await using dir = await tempDir();
    const picture = randomBytes(10_000);
    const file = join(dir.path, 'p-1-7.png');
    const result = async () => {
      await writeFile(file, picture);
      const sha256 = hash('sha256', picture);
      return completed({
        file,
        sha256,
        sizeBytes: 10_000,
        pixelHash: 'ab'.repeat(32),
        seconds: 1,
        notes: ['a note'],
      });
    };
    await using pair = await pairWith(withNoop(engineOf(result)));
    const stream = await pair.peer.stream(0);
    stream.desire({
      ...noopWork(),
      workloadId: 'w-file',
      attempts: blob.attempts('w-file', MACHINE, 0),
    });
    const [report] = await reported(stream, 1);
    const { receipt, pixelHash, notes } = completedOf(report);
    expect(receipt?.blobName).to.match(/\.png$/);
    expect([pixelHash, notes]).to.deep.equal(['ab'.repeat(32), ['a note']]);
    expect(hash('sha256', await blob.download(receipt!.blobName))).to.equal(
      hash('sha256', picture),
    );
    expect(await readdir(dir.path)).to.deep.equal([]);
  });

  it('stores all files of a result, and reports them with a receipt each', async () => {
    await using dir = await tempDir();
    const fileOf = async (name: string, bytes: Buffer) => {
      await writeFile(join(dir.path, name), bytes);
      const sha256 = hash('sha256', bytes);
      return { file: join(dir.path, name), sha256, sizeBytes: bytes.length, pixelHash: '' };
    };
    const pictures = [randomBytes(1_000), randomBytes(2_000), randomBytes(3_000)];
    const result = async () => {
      const [left, right, passes] = await Promise.all([
        fileOf('7_L.png', pictures[0]!),
        fileOf('7_R.png', pictures[1]!),
        fileOf('node0.exr', pictures[2]!),
      ]);
      const files = [
        { ...right, ending: '_R.png' },
        { ...passes, ending: '.Passes.exr' },
      ];
      return completed({ ...left, ending: '_L.png', files, seconds: 1, notes: [] });
    };
    await using pair = await pairWith(withNoop(engineOf(result)));
    const stream = await pair.peer.stream(0);
    const attempts = blob.attempts('w-files', MACHINE, 0);
    stream.desire({ ...noopWork(), workloadId: 'w-files', attempts });
    const { receipt, ending, files } = completedOf((await reported(stream, 1))[0]);
    const all = [{ receipt, ending }, ...files];
    expect(all.map((each) => [withoutTag(each.receipt!.blobName), each.ending])).to.deep.equal([
      ['results/w-files/noop/0/0-0-0.png', '_L.png'],
      ['results/w-files/noop/0/0-0-0.1.png', '_R.png'],
      ['results/w-files/noop/0/0-0-0.2.exr', '.Passes.exr'],
    ]);
    for (const [i, each] of all.entries()) {
      expect((await blob.download(each.receipt!.blobName)).equals(pictures[i]!)).to.equal(true);
    }
    expect(await readdir(dir.path)).to.deep.equal([]);
  });

  it('stores the log of a failure and reports it with its receipt', async () => {
    const result = async () =>
      failed('RENDER_ERROR', 'it broke', { log: 'line 1\nline 2\n', seconds: 2 });
    await using pair = await pairWith(withNoop(engineOf(result)));
    const stream = await pair.peer.stream(0);
    stream.desire({
      ...noopWork(),
      workloadId: 'w-log',
      attempts: blob.attempts('w-log', MACHINE, 3),
    });
    const { failureClass, reason, logReceipt } = failedOf((await reported(stream, 1))[0]);
    expect([failureClass, reason]).to.deep.equal(['FAILURE_CLASS_RENDER_ERROR', 'it broke']);
    expect(withoutTag(logReceipt!.blobName)).to.equal('logs/w-log/noop/3/0-0-3.log');
    expect((await blob.download(logReceipt!.blobName)).toString()).to.equal('line 1\nline 2\n');
  });

  it('stores the preview and the log of a result, and reports it without those that are refused', async () => {
    const bytes = Buffer.from('result');
    const result = async () =>
      completed({
        bytes,
        sha256: hash('sha256', bytes),
        sizeBytes: 6,
        pixelHash: '',
        seconds: 1,
        notes: [],
        preview: Buffer.from('small'),
        log: 'x'.repeat(2 ** 20 + 1),
      });
    await using pair = await pairWith(withNoop(engineOf(result)));
    const stream = await pair.peer.stream(0);
    stream.desire({
      ...noopWork(),
      workloadId: 'w-kept',
      attempts: blob.attempts('w-kept', MACHINE, 4),
    });
    const { receipt } = completedOf((await reported(stream, 1))[0]);
    expect(withoutTag(receipt!.blobName)).to.equal('results/w-kept/noop/4/0-0-4.bin');
    const beside = (folder: string, extension: string): Promise<Buffer> =>
      blob.download(receipt!.blobName.replace('results', folder).replace('bin', extension));
    expect((await beside('previews', 'jpg')).toString()).to.equal('small');
    const lost = await beside('logs', 'log').catch((error: unknown) => error);
    expect(lost).to.have.property('reason', 'BLOB_NOT_FOUND');
  });

  it('reports an agent error if another result was stored before', async () => {
    let n = 0;
    const result = async () => {
      n += 1;
      const bytes = Buffer.from(`bytes ${n}`);
      return completed({
        bytes,
        sha256: hash('sha256', bytes),
        sizeBytes: 7,
        pixelHash: '',
        seconds: 1,
        notes: [],
      });
    };
    const state = {
      ...noopWork(),
      workloadId: 'w-other',
      attempts: blob.attempts('w-other', MACHINE, 0),
    };
    for (const expected of ['completed', 'failed']) {
      await using pair = await pairWith(withNoop(engineOf(result)));
      const stream = await pair.peer.stream(0);
      stream.desire(state);
      const [report] = await reported(stream, 1);
      expect(report?.body?.$case).to.equal(expected);
      if (expected === 'failed') {
        expect(failedOf(report)).to.deep.include({
          failureClass: 'FAILURE_CLASS_AGENT_ERROR',
          seconds: 1,
        });
        expect(failedOf(report).reason).to.contain('ATTEMPT_HAS_OTHER_BYTES');
      }
    }
  });

  describe('a scene', () => {
    const scene = randomBytes(1_500_000);
    const seen: { file: string; bytes: Buffer }[] = [];
    const render: Engine<RenderJob> = {
      open: async ({ sceneFile }) => {
        seen.push({ file: sceneFile, bytes: await readFile(sceneFile) });
        const result = completed({
          sha256: '',
          sizeBytes: 0,
          pixelHash: '',
          seconds: 0,
          notes: [],
        });
        return { kind: 'opened', run: async () => result, close: async () => undefined };
      },
    };
    const withRender: PairOptions = { overrides: { ...noopEngines(), engines: { render } } };
    const workOf = (
      blobName: string,
      different: { sha256?: string; grant?: Buffer } = {},
    ): { work: Work } => {
      const spec = renderSpec({ frames: '1' });
      const named = { blobName, sha256: hash('sha256', scene), sizeBytes: scene.length };
      const value = {
        spec,
        scene: { ...named, fileName: '', grant: blob.grant(blobName, MACHINE), ...different },
        project: undefined,
        version: '',
        stepwiseSpec: undefined,
        lastFrame: 0,
      };
      return { work: { kind: { $case: 'render', value }, customerId: '' } };
    };

    it('is fetched once for all slots, checked, and read-only', async () => {
      const blobName = await blob.upload(scene);
      await using pair = await pairWith({ ...withRender, env: { MUSTER_AGENT_SLOTS: '2' } });
      const stream = await pair.peer.stream(0);
      stream.desire({
        ...workOf(blobName),
        workloadId: 'w-scene',
        attempts: blob.attempts('w-scene', MACHINE, 0, 1),
      });
      await reported(stream, 2);
      expect(seen).to.have.length(2);
      expect(seen[0]?.file).to.equal(seen[1]?.file);
      expect(seen[0]?.bytes.equals(scene)).to.equal(true);
      expect(((await stat(seen[0]!.file)).mode & 0o222).toString(8)).to.equal('0');
    });

    it('that is gone, not granted or changed ends the workload as lost', async () => {
      const blobName = await blob.upload(scene);
      const wrong: [string, { work: Work }][] = [
        ['gone', workOf(blobName.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')))],
        ['not granted', workOf(blobName, { grant: Buffer.alloc(32) })],
        ['other bytes', workOf(blobName, { sha256: 'ab'.repeat(32) })],
      ];
      for (const [what, work] of wrong) {
        await using pair = await pairWith(withRender);
        const stream = await pair.peer.stream(0);
        stream.desire({
          ...work,
          workloadId: 'w-lost',
          attempts: blob.attempts('w-lost', MACHINE, 0),
        });
        const [report] = await reported(stream, 1);
        expect(failedOf(report).failureClass, what).to.equal('FAILURE_CLASS_SCENE_LOST');
      }
    });

    it('is waited for while the blob service is away', async () => {
      const blobName = await blob.upload(scene);
      await blob.service.kill('SIGKILL');
      await using pair = await pairWith(withRender);
      const stream = await pair.peer.stream(0);
      stream.desire({
        ...workOf(blobName),
        workloadId: 'w-wait',
        attempts: blob.attempts('w-wait', MACHINE, 0),
      });
      await blob.service.restart();
      completedOf((await reported(stream, 1, 30_000))[0]);
    });
  });
});
