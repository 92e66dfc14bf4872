import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Checkpointed, Completed, Report, Yielded } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { eventually, startService, tempDir, withoutTag } from '#libs/testing/index.ts';
import {
  CANCELLED,
  completed,
  type Engine,
  type Outcome,
  type PartFile,
  type Running,
  yielded,
} from '../engines/engine.ts';
import type { NoopJob } from '../engines/noop/noop.ts';
import { noopEngines, type Pair, type PairOptions, startPair } from '../fixtures/agent.ts';
import { type BlobFixture, startBlobService } from '../fixtures/blob.ts';
import { noopWork, type PeerStream, startPeer } from '../fixtures/peer.ts';
import { type Relay, startRelay } from '../fixtures/relay.ts';

const MACHINE = 'm-1';

type Body = NonNullable<Report['body']>;
interface Values {
  checkpointed: Checkpointed;
  completed: Completed;
  yielded: Yielded;
}

const bodies = (stream: PeerStream): Body[] =>
  stream
    .reports()
    .flatMap(({ body }) => (body === undefined || body.$case === 'started' ? [] : body));

const said = (stream: PeerStream): string[] =>
  bodies(stream).map((body) =>
    body.$case === 'checkpointed' ? `${body.$case} ${body.value.name}` : body.$case,
  );

/** The body of the first report of a kind, as soon as there is one. */
const heard = async <K extends keyof Values>(
  stream: PeerStream,
  kind: K,
  nth = 0,
): Promise<Values[K]> => {
  const { value } = await eventually(
    () => {
      const found = bodies(stream).filter(({ $case }) => $case === kind)[nth];
      if (found === undefined) {
        throw new Error(`heard ${JSON.stringify(said(stream))}`);
      }
      return found;
    },
    { withinMs: 20_000 },
  );
  return value as Values[K];
};

const partOf = (path: string, text: string): PartFile => {
  const bytes = Buffer.from(text);
  return { path, bytes, sha256: hash('sha256', bytes), sizeBytes: bytes.length };
};

/** An engine of one task at a time, which the test plays. */
const played = () => {
  const runs: (Running & { task: string })[] = [];
  const ends: ((outcome: ReturnType<typeof completed>) => void)[] = [];
  const engine: Engine<NoopJob> = {
    open: async () => ({
      kind: 'opened',
      makesCheckpoints: () => true,
      run: ({ key }, running) => {
        runs.push({ ...running, task: key });
        const end = Promise.withResolvers<Outcome>();
        ends.push(end.resolve);
        running.signal.addEventListener('abort', () => end.resolve(CANCELLED));
        running.yielding.addEventListener('abort', () => end.resolve(yielded(running.yielding)));
        return end.promise;
      },
      close: async () => undefined,
    }),
  };
  return {
    engine,
    /** What the n-th task got to run with. */
    running: (n: number) =>
      eventually(() => {
        const found = runs[n];
        if (found === undefined) {
          throw new Error(`task ${n} has not begun`);
        }
        return found;
      }),
    end: (n: number, outcome: ReturnType<typeof completed>) => ends[n]!(outcome),
  };
};

const nothing = { sha256: '', sizeBytes: 0, pixelHash: '', seconds: 1, notes: [] };

describe('checkpoints, with a real blob service', function () {
  this.timeout(60_000);
  let blob: BlobFixture;
  let relay: Relay;

  before(async () => {
    blob = await startBlobService();
    relay = await startRelay({ endpoint: blob.endpoint, token: await blob.agentToken(MACHINE) });
  });
  after(async () => {
    await relay?.[Symbol.asyncDispose]();
    await blob?.[Symbol.asyncDispose]();
  });

  const env = async () => ({
    MUSTER_TOKEN: await blob.agentToken(MACHINE),
    MUSTER_BLOB_ENDPOINT: relay.endpoint,
  });
  const pairWith = async (options: PairOptions = {}): Promise<Pair> =>
    startPair({ features: ['checkpoints'], ...options, env: { ...(await env()), ...options.env } });
  const pairOf = (noop: Engine<NoopJob>) =>
    pairWith({ overrides: { ...noopEngines(), engines: { noop } } });
  /** Work of one task whose checkpoints come every 60 ms of work. */
  const sliced = (workloadId: string, durationMs: number, resultBytes: number, first = 0) => ({
    ...noopWork({
      resultBytes,
      nodes: [{ id: 'noop', tasks: 10, durationMs, checkpointMs: 60, after: [] }],
    }),
    workloadId,
    attempts: blob.attempts(workloadId, MACHINE, first),
  });
  const resumesAt = (
    { attempt, task }: Attempt,
    { receipt, position, name }: Checkpointed,
    madeBy = '0-0',
  ) => {
    const { blobName, sha256, sizeBytes } = receipt ?? { blobName: '', sha256: '', sizeBytes: 0 };
    const grant = blob.grant(blobName, MACHINE);
    const checkpoint = { task, blobName, sha256, sizeBytes, grant };
    return { yielding: [], resumes: [{ attempt, checkpoint, madeBy, position, name }] };
  };

  it('are made by noop after each slice, as soon as there is one', async () => {
    await using pair = await pairWith();
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    stream.desire(sliced('w-slices', 3_600_000, 40));
    const { receipt, position, name } = await heard(stream, 'checkpointed');
    expect([position, name]).to.deep.equal([60, '60 ms']);
    expect(withoutTag(receipt!.blobName)).to.equal('checkpoints/w-slices/noop/0/0-0-0.1.parts');
  });

  it('hand a task over: it is given back at once with one, and goes on elsewhere with the same bytes', async () => {
    let made: Checkpointed;
    {
      await using pair = await pairWith();
      const stream = await pair.peer.stream(0);
      stream.decideAll('VERDICT_ACCEPTED');
      const work = sliced('w-over', 3_600_000, 40);
      stream.desire(work);
      await heard(stream, 'checkpointed');
      stream.desire({ ...work, handover: { yielding: ['0-0'], resumes: [] } });
      const { reason, seconds }: Yielded = await heard(stream, 'yielded');
      expect(reason).to.equal('asked by the mesh');
      expect(seconds).to.be.greaterThan(0.05);
      expect(said(stream).at(-1)).to.equal('yielded');
      made = bodies(stream).findLast((body) => body.$case === 'checkpointed')!.value;
      expect(made.position).to.be.at.least(60);
    }
    await using other = await pairWith();
    const stream = await other.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    const work = sliced('w-over', made.position + 60, 40);
    const attempts = work.attempts.map((each) => ({ ...each, attempt: '0-0' }));
    stream.desire({ ...work, attempts, handover: resumesAt(attempts[0]!, made, '7-7') });
    const result: Completed = await heard(stream, 'completed');
    expect(result.resumedAttempt).to.equal('7-7');
  });

  it('upload what the one before had only once, and end the task with a result of many files', async () => {
    const play = played();
    await using pair = await pairOf(play.engine);
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    stream.desire(sliced('w-parts', 1, 1));
    const running = await play.running(0);
    const [mesh, first, second] = [partOf('mesh', 'm'), partOf('1/U', 'one'), partOf('2/U', 'two')];
    const known = relay.uploaded.length;
    await running.checkpoint({ name: '1', position: 1, parts: [first, mesh, partOf('empty', '')] });
    await running.checkpoint({ name: '2', position: 2, parts: [mesh, second] });
    await using dir = await tempDir();
    const file = join(dir.path, 'U');
    await writeFile(file, 'end');
    const { bytes: _, ...last } = partOf('3/U', 'end');
    const parts = [mesh, { ...last, file }, { ...last, path: '3/V', file }];
    play.end(0, completed({ ...nothing, parts, sizeBytes: 7 }));
    const { receipt, sha256 } = await heard(stream, 'completed');
    expect(withoutTag(receipt!.blobName)).to.equal('results/w-parts/noop/0/0-0-0.parts');
    expect(sha256).to.equal(receipt?.sha256);
    expect(relay.uploaded.slice(known).toSorted()).to.deep.equal(
      [mesh, first, second, last].map((part) => part.sha256).toSorted(),
    );
    expect(await readdir(dir.path)).to.deep.equal([]);
  });

  it('put their files where an engine wants them, keep those that are there, and follow no link out', async () => {
    const play = played();
    await using pair = await pairOf(play.engine);
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    stream.desire(sliced('w-fetch', 1, 1, 0));
    const parts = [
      partOf('0.5/U', 'u'),
      partOf('0.5/p', 'p'),
      partOf('a/b/c', ''),
      partOf('top', 't'),
    ];
    await (await play.running(0)).checkpoint({ name: '0.5', position: 0.5, parts });
    const made = await heard(stream, 'checkpointed');
    const work = sliced('w-fetch', 1, 1, 1);
    // The same task, as another attempt.
    stream.desire({
      ...work,
      attempts: work.attempts,
      handover: resumesAt(work.attempts[0]!, made),
    });
    play.end(0, completed(nothing));
    const { resume } = await play.running(1);
    await using dir = await tempDir();
    const [folder, outside] = [join(dir.path, 'case'), join(dir.path, 'outside')];
    await mkdir(join(folder, 'top'), { recursive: true });
    await mkdir(outside);
    await symlink(outside, join(folder, '0.5'));
    const fetched = await resume!.files(folder);
    expect(fetched).to.deep.equal({ kind: 'fetched', paths: parts.map(({ path }) => path) });
    expect(await readdir(outside)).to.deep.equal([]);
    for (const { path, bytes } of parts) {
      expect(await readFile(join(folder, path))).to.deep.equal(bytes);
      await writeFile(join(folder, path), 'changed');
    }
    await resume!.files(folder);
    expect(await readFile(join(folder, '0.5/U'), 'utf8')).to.equal('u');
  });

  it('and results of many files can be had by later tasks; what is gone is named', async () => {
    const play = played();
    await using pair = await pairOf(play.engine);
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    stream.desire(sliced('w-later', 1, 1));
    await play.running(0);
    const parts = [partOf('constant/points', 'p')];
    play.end(0, completed({ ...nothing, parts, sizeBytes: 1 }));
    const { receipt } = await heard(stream, 'completed');
    const { blobName, sha256, sizeBytes } = receipt!;
    const inputOf = (task: string, name: string) => {
      const grant = blob.grant(name, MACHINE);
      return { task, blobName: name, sha256, sizeBytes, grant };
    };
    const gone = blobName.replace('noop/0', 'noop/9');
    const inputs = [inputOf('noop/0', blobName), inputOf('noop/9', gone)];
    stream.desire({ ...sliced('w-later', 1, 1, 1), inputs });
    const running = await play.running(1);
    await using dir = await tempDir();
    expect(await running.inputParts('noop/0', dir.path)).to.have.property('kind', 'fetched');
    expect(await readFile(join(dir.path, 'constant/points'), 'utf8')).to.equal('p');
    expect(await running.inputParts('noop/9', dir.path)).to.deep.include({
      failureClass: 'INPUT_LOST',
      names: ['noop/9'],
    });
  });

  it('let work go on while blob is away; the next one carries what was missed', async () => {
    const play = played();
    await using pair = await pairOf(play.engine);
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    stream.desire(sliced('w-away', 1, 1));
    const running = await play.running(0);
    relay.away(true);
    const [one, two, three] = [1, 2, 3].map((n) =>
      running.checkpoint({ name: `${n}`, position: n, parts: [partOf('f', `away ${n}`)] }),
    );
    // Those before the newest are given up while blob is away.
    await Promise.all([one, two]);
    expect(said(stream)).to.deep.equal([]);
    relay.away(false);
    await three;
    await heard(stream, 'checkpointed');
    expect(said(stream)).to.deep.equal(['checkpointed 3']);
  });

  it('wait for their acknowledgement one at a time, the newest', async () => {
    const play = played();
    await using pair = await pairOf(play.engine);
    const stream = await pair.peer.stream(0);
    stream.decideAll('VERDICT_LATER');
    stream.desire(sliced('w-newest', 1, 1));
    const running = await play.running(0);
    for (const n of [1, 2, 3]) {
      await running.checkpoint({ name: `${n}`, position: n, parts: [partOf('f', `newest ${n}`)] });
    }
    stream.fail(new Error('for a test'));
    const next = await pair.peer.stream(1);
    await heard(next, 'checkpointed');
    expect(said(next)).to.deep.equal(['checkpointed 3']);
  });

  describe('of an agent that is killed', () => {
    /** What the next run of an agent has to say that was killed while it worked. */
    const killedAt = async (
      workloadId: string,
      kill: (stream: PeerStream, die: () => Promise<void>) => Promise<void>,
    ): Promise<PeerStream> => {
      await using stack = new AsyncDisposableStack();
      const dir = stack.use(await tempDir());
      const peer = stack.use(await startPeer({ features: ['checkpoints'] }));
      const agent = stack.use(
        await startService({
          name: 'compute-agent',
          env: {
            ...(await env()),
            MUSTER_USER_ENDPOINT: peer.address,
            MUSTER_AGENT_ENGINES: 'noop',
            MUSTER_AGENT_CACHE: dir.path,
          },
        }),
      );
      const stream = await peer.stream(0);
      stream.desire(sliced(workloadId, 3_600_000, 40));
      await kill(stream, () => agent.kill('SIGKILL'));
      relay.onCommit(() => undefined);
      await agent.restart();
      const next = await peer.stream(1);
      expect(next.hello.held).to.deep.equal([]);
      // A message after all that it has to say.
      next.desire({ workloadId, adopt: true, counter: 1_000 });
      await eventually(() =>
        expect(next.heard.some(({ $case }) => $case === 'held')).to.equal(true),
      );
      return next;
    };

    const never = (): Promise<never> => new Promise(() => undefined);
    /** Lets the agent die at the n-th time that a commit is there. */
    const dyingAt =
      (wanted: string, count: number) => async (_: PeerStream, die: () => Promise<void>) => {
        const reached = Promise.withResolvers<void>();
        let left = count;
        relay.onCommit((at) => {
          left -= at === wanted ? 1 : 0;
          if (left > 0) {
            return undefined;
          }
          reached.resolve();
          return never();
        });
        await reached.promise;
        await die();
      };

    it('after its parts are uploaded and before they are committed is none', async () => {
      const known = relay.uploaded.length;
      const next = await killedAt('w-no-commit', dyingAt('asked', 2));
      expect(relay.uploaded.length).to.be.greaterThan(known);
      expect(said(next)).to.deep.equal([]);
    });

    it('after the commit and before it knows of that is none', async () => {
      expect(said(await killedAt('w-no-receipt', dyingAt('stored', 1)))).to.deep.equal([]);
    });

    it('between the report and its outcome is said again', async () => {
      const next = await killedAt('w-unheard', async (stream, die) => {
        await heard(stream, 'checkpointed', 1);
        await die();
      });
      await heard(next, 'checkpointed');
      expect(said(next)).to.have.length(1);
    });

    it('after its outcome is said no more', async () => {
      const next = await killedAt('w-heard', async (stream, die) => {
        relay.onCommit((at) => {
          if (at === 'stored') {
            // Only one.
            relay.onCommit(never);
          }
        });
        await heard(stream, 'checkpointed');
        stream.decide(
          stream.reports().filter(({ reportId }) => reportId > 0),
          'VERDICT_ACCEPTED',
        );
        stream.desire({ workloadId: 'w-heard', adopt: true, counter: 900 });
        await eventually(() =>
          expect(stream.heard.some(({ $case }) => $case === 'held')).to.equal(true),
        );
        await die();
      });
      expect(said(next)).to.deep.equal([]);
    });
  });

  it('are made before an agent leaves; what makes none gets its grace as ever', async () => {
    await using dir = await tempDir();
    await using peer = await startPeer({ features: ['checkpoints'] });
    await using agent = await startService({
      name: 'compute-agent',
      env: {
        ...(await env()),
        MUSTER_USER_ENDPOINT: peer.address,
        MUSTER_AGENT_ENGINES: 'noop',
        MUSTER_AGENT_CACHE: dir.path,
        MUSTER_AGENT_GRACE: '1ms',
        MUSTER_AGENT_SLOTS: '2',
      },
    });
    const stream = await peer.stream(0);
    stream.decideAll('VERDICT_ACCEPTED');
    const work = sliced('w-leaves', 3_600_000, 40);
    const [first] = work.attempts;
    const [second] = blob.attempts('w-leaves', MACHINE, 1);
    const nodes = ['noop', 'plain'].map((id) => ({
      id,
      tasks: 10,
      durationMs: 3_600_000,
      after: [],
      ...(id === 'noop' && { checkpointMs: 60 }),
    }));
    stream.desire({
      ...noopWork({ resultBytes: 40, nodes }),
      workloadId: 'w-leaves',
      attempts: [first!, { ...second!, task: 'plain/1' }],
    });
    await heard(stream, 'checkpointed');
    const slow = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    // The last checkpoint takes longer than the grace.
    relay.onCommit((at) => (at === 'asked' ? (asked.resolve(), slow.promise) : undefined));
    const code = agent.stop();
    await asked.promise;
    slow.resolve();
    expect(await code).to.equal(0);
    expect(said(stream).at(-1)).to.equal('yielded');
    expect(stream.heard.at(-1)?.$case).to.equal('goodbye');
    const { reason } = await heard(stream, 'yielded');
    expect(reason).to.equal('SIGTERM');
    expect(stream.reports().filter(({ body }) => body?.$case === 'yielded')).to.have.length(1);
  });
});
