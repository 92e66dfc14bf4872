import { hash } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Report } from '#libs/contracts/agent.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { createLogger } from '#libs/telemetry/index.ts';
import { eventually, fakeClock, type FakeClock, renderSpec } from '#libs/testing/index.ts';
import { startPair } from '../fixtures/agent.ts';
import { attempts, noopWork, type PeerStream } from '../fixtures/peer.ts';

const ids = (reports: readonly Report[]): (string | undefined)[] =>
  reports.map(({ attempt }) => attempt?.attempt);

/** Waits for this many reports on a stream. */
const reported = (stream: PeerStream, count: number): Promise<Report[]> =>
  eventually(() => {
    const reports = stream.reports();
    expect(reports).to.have.length(count);
    return reports;
  });

/** Lets time pass, a quarter of a second at a time, until this holds. */
const passing = <T>(clock: FakeClock, attempt: () => T): Promise<T> =>
  eventually(
    async () => {
      await clock.advance(250);
      return attempt();
    },
    { withinMs: 15_000 },
  );

const lost = (): DomainError =>
  new DomainError(status.UNAVAILABLE, 'CONNECTION_LOST', 'for a test');

describe('the agent and the mesh', () => {
  it('introduces itself, does what it is told, and reports results that the mesh can check', async () => {
    await using pair = await startPair({ env: { MUSTER_AGENT_SLOTS: '3' } });
    const stream = await pair.peer.stream(0);
    expect(stream.hello.slots).to.equal(3);
    expect(stream.hello.capability?.engines).to.deep.equal([
      { name: 'noop', version: '1', devices: [] },
    ]);
    expect(stream.hello.held).to.deep.equal([]);
    stream.desire({ ...noopWork(), attempts: attempts(0) });
    const [report] = await reported(stream, 1);
    expect(report).to.deep.include({ reportId: 1, workloadId: 'w-1', attempt: attempts(0)[0] });
    expect(report?.body).to.deep.equal({
      $case: 'completed',
      value: {
        receipt: undefined,
        used: undefined,
        ending: '',
        files: [],
        flawed: undefined,
        resumedAttempt: undefined,
        sha256: hash('sha256', 'w-1/noop/0'),
        pixelHash: '',
        seconds: 0,
        notes: [],
      },
    });
  });

  it('puts the reports of one turn into one message, and does not announce quick tasks', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork(), attempts: attempts(0, 199) });
    const reports = await reported(stream, 200);
    expect(new Set(ids(reports)).size).to.equal(200);
    expect(stream.batches().length).to.be.at.most(3);
  });

  it('puts at most a thousand reports into a message', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork(), attempts: attempts(0, 4_999) });
    await reported(stream, 5_000);
    expect(Math.max(...stream.batches())).to.be.at.most(1_000);
  });

  it('announces a task only if it takes longer than a moment', async () => {
    const clock = fakeClock();
    await using pair = await startPair({ clock });
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork({ durationMs: 2_000 }), attempts: attempts(0) });
    const reports = await passing(clock, () => {
      expect(stream.reports()).to.have.length(2);
      return stream.reports();
    });
    expect(reports.map(({ reportId, body }) => [reportId, body?.$case])).to.deep.equal([
      [0, 'started'],
      [1, 'completed'],
    ]);
  });

  it('reports again until somebody decides', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork(), attempts: attempts(0) });
    stream.decide(await reported(stream, 1), 'VERDICT_LATER', 'NO_OWNER');
    const again = await reported(stream, 2);
    expect(ids(again)).to.deep.equal(['0-0', '0-0']);
    expect(again.map(({ reportId }) => reportId)).to.deep.equal([1, 2]);
    stream.decide(again.slice(1), 'VERDICT_ACCEPTED');
    stream.desire({ adopt: true });
    await eventually(() => expect(stream.heard.at(-1)?.$case).to.equal('held'));
    expect(stream.heard.at(-1)?.value).to.deep.equal({ workloadId: 'w-1', attempts: [], epoch: 0 });
  });

  it('reports undecided results again on the next stream, and names them in its hello', async () => {
    await using pair = await startPair();
    const first = await pair.peer.stream(0);
    first.desire({ ...noopWork(), attempts: attempts(0, 2) });
    const reports = await reported(first, 3);
    first.decide(reports.slice(0, 1), 'VERDICT_ACCEPTED');
    first.decide(reports.slice(1, 2), 'VERDICT_LATER');
    first.fail(lost());
    const second = await pair.peer.stream(1);
    expect(second.hello.held).to.deep.equal([
      { workloadId: 'w-1', attempts: attempts(1, 2), epoch: 0 },
    ]);
    const again = await reported(second, 2);
    expect(ids(again)).to.have.members(['0-1', '0-2']);
    expect(again.map(({ reportId }) => reportId)).to.deep.equal([1, 2]);
  });

  it('comes back to a mesh that was away for a while', async () => {
    const clock = fakeClock();
    await using pair = await startPair({ clock });
    await pair.peer.stream(0);
    await pair.peer.stop();
    const peer = await pair.restartPeer();
    await passing(clock, () => expect(peer.streams).to.have.length(1));
    const stream = await peer.stream(0);
    stream.desire({ ...noopWork(), attempts: attempts(0) });
    await reported(stream, 1);
  });

  it('tells a new owner what it holds, and goes on with it', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork({ durationMs: 300 }), attempts: attempts(0, 1) });
    stream.desire({ epoch: 7, counter: 1, adopt: true });
    await eventually(() =>
      expect(stream.heard.some(({ $case }) => $case === 'held')).to.equal(true),
    );
    expect(stream.heard.find(({ $case }) => $case === 'held')?.value).to.deep.equal({
      workloadId: 'w-1',
      attempts: attempts(0, 1),
      epoch: 7,
    });
    await eventually(() => {
      const done = stream.reports().filter(({ reportId }) => reportId > 0);
      expect(ids(done)).to.deep.equal(['0-0', '0-1']);
    });
  });

  it('ignores an owner that was replaced', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({
      epoch: 5,
      counter: 1,
      ...noopWork({ durationMs: 300 }),
      attempts: attempts(0),
    });
    stream.desire({ epoch: 4, counter: 99, attempts: [] });
    stream.desire({ claim: 0, epoch: 9, counter: 99, attempts: [] });
    await eventually(() =>
      expect(ids(stream.reports().filter(({ reportId }) => reportId > 0))).to.deep.equal(['0-0']),
    );
  });

  it('stops within a second what is no longer wanted, and does not report it', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork({ durationMs: 60_000 }), attempts: attempts(0, 1) });
    await reported(stream, 1);
    const stopped = performance.now();
    stream.desire({ ...noopWork(), workloadId: 'w-2', claim: 2, attempts: attempts(2) });
    await eventually(() => expect(ids(stream.reports())).to.deep.equal(['0-0', '0-2']));
    expect(performance.now() - stopped).to.be.below(1_000);
    stream.desire({ workloadId: 'w-2', claim: 2, adopt: true });
    await eventually(() => expect(stream.heard.at(-1)?.$case).to.equal('held'));
    expect(stream.heard.at(-1)?.value).to.deep.include({ attempts: attempts(2) });
  });

  it('does nothing twice if a state from before an outcome arrives after it', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork(), attempts: attempts(0, 1) });
    stream.decide(await reported(stream, 2), 'VERDICT_ACCEPTED');
    stream.desire({ ...noopWork(), attempts: attempts(0, 2) });
    expect(ids(await reported(stream, 3))).to.deep.equal(['0-0', '0-1', '0-2']);
  });

  it('refuses work for an engine that it does not offer, and names the engine', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    const scene = {
      blobName: 'uploads/a/b',
      sha256: 'ab'.repeat(32),
      sizeBytes: 1,
      grant: Buffer.alloc(32),
      fileName: '',
    };
    const spec = renderSpec({ frames: '1', engine: 'CYCLES' });
    const work = {
      kind: {
        $case: 'render' as const,
        value: {
          spec,
          scene,
          project: undefined,
          version: '',
          stepwiseSpec: undefined,
          lastFrame: 0,
        },
      },
      customerId: '',
    };
    stream.desire({ work, attempts: [{ ...attempts(1)[0]!, task: 'frames/1' }] });
    const [report] = await reported(stream, 1);
    expect(report?.body?.$case === 'failed' && report.body.value).to.deep.include({
      failureClass: 'FAILURE_CLASS_ENGINE_UNAVAILABLE',
      names: ['CYCLES'],
    });
  });

  it('keeps asking a mesh that refuses it, and logs the refusal', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string): void => void lines.push(line) };
    const clock = fakeClock();
    const log = createLogger({ service: 'spec', destination });
    await using pair = await startPair({ overrides: { log }, clock });
    const stream = await pair.peer.stream(0);
    pair.peer.refuseNext(
      new DomainError(status.PERMISSION_DENIED, 'MACHINE_UNKNOWN', 'enrol it again'),
    );
    stream.fail(lost());
    await passing(clock, () => expect(pair.peer.streams).to.have.length(2));
    expect(
      lines.filter((line) => line.includes('the mesh refuses this machine: enrol it again')),
    ).to.have.length(1);
  });

  it('stays away after another agent took its place', async () => {
    await using pair = await startPair({ machines: ['m-1', 'm-2'] });
    const [first, second] = [await pair.peer.stream(0), await pair.peer.stream(1)];
    first.desire({ ...noopWork({ durationMs: 60_000 }), attempts: attempts(0) });
    first.say({ $case: 'superseded', value: {} });
    first.fail(new DomainError(status.ABORTED, 'SUPERSEDED', 'for a test'));
    second.fail(new DomainError(status.ABORTED, 'SUPERSEDED', 'for a test'));
    await pair.agent.superseded;
    expect(pair.peer.streams).to.have.length(2);
  });

  it('is several machines if it has several tokens', async () => {
    await using pair = await startPair({ machines: ['m-1', 'm-2', 'm-3'] });
    const streams = [
      await pair.peer.stream(0),
      await pair.peer.stream(1),
      await pair.peer.stream(2),
    ];
    for (const stream of streams) {
      stream.desire({ ...noopWork(), attempts: attempts(0) });
    }
    for (const stream of streams) {
      await reported(stream, 1);
    }
  });
});

describe('an agent that leaves', () => {
  it('finishes what runs, waits for its outcomes, hands back the rest, says goodbye and half-closes', async () => {
    const clock = fakeClock();
    await using pair = await startPair({ env: { MUSTER_AGENT_GRACE: '10s' }, clock });
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork({ durationMs: 2_000 }), attempts: attempts(0, 5) });
    // The agent announces only tasks that take a while, so the first one runs now.
    const [begun] = await passing(clock, () => {
      expect(stream.reports()).to.have.length(1);
      return stream.reports();
    });
    const leaving = pair.agent.leave('SIGTERM');
    await clock.advance(2_000);
    const [, finished] = await reported(stream, 2);
    expect([finished?.attempt, finished?.body?.$case]).to.deep.equal([begun?.attempt, 'completed']);
    expect(stream.isHalfClosed()).to.equal(false);
    stream.decide([finished!], 'VERDICT_ACCEPTED');
    await leaving;
    expect(stream.heard.map(({ $case }) => $case)).to.deep.equal(['reports', 'reports', 'goodbye']);
    expect(stream.heard.at(-1)?.value).to.deep.equal({ reason: 'SIGTERM' });
    expect(stream.isHalfClosed()).to.equal(true);
    expect(pair.peer.streams).to.have.length(1);
  });

  it('does not wait for ever', async () => {
    await using pair = await startPair();
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork({ durationMs: 60_000 }), attempts: attempts(0, 5) });
    await reported(stream, 1);
    await pair.agent.leave('SIGTERM');
    expect(stream.heard.map(({ $case }) => $case)).to.deep.equal(['reports', 'goodbye']);
  });

  it('leaves at once if nobody is there', async () => {
    await using pair = await startPair();
    await pair.peer.stream(0);
    await pair.peer.stop();
    const begun = performance.now();
    await pair.agent.leave('SIGTERM');
    expect(performance.now() - begun).to.be.below(1_000);
  });
});
