import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Outcome, Verdict } from '#libs/contracts/agent.ts';
import { noReports, pauseMs, type PendingReports, type Unnumbered } from './pending-reports.ts';

const MIB = 1_048_576;

const report = (id: string, notes: string[] = []): Unnumbered => ({
  workloadId: 'w-1',
  attempt: { task: `noop/${id}`, generation: 0, attempt: id, token: Buffer.alloc(16) },
  body: {
    $case: 'completed',
    value: {
      receipt: undefined,
      sha256: '',
      pixelHash: '',
      used: undefined,
      ending: '',
      files: [],
      seconds: 0,
      notes,
    },
  },
});

const outcome = (reportId: number, verdict: Verdict): Outcome => ({
  reportId,
  verdict,
  reason: '',
});

/** The keys and numbers of the reports that go out next. */
const taken = (reports: PendingReports, max = 1_000): [number, string | undefined][] =>
  reports.take(max, MIB).map(({ reportId, attempt }) => [reportId, attempt?.attempt]);

const pending = (...keys: string[]): PendingReports => {
  const reports = noReports();
  for (const key of keys) {
    reports.add(key, report(key));
  }
  return reports;
};

describe('pending reports', () => {
  it('go out once on a stream, in order, with growing numbers', () => {
    const reports = pending('a', 'b');
    expect(taken(reports)).to.deep.equal([
      [1, 'a'],
      [2, 'b'],
    ]);
    reports.add('c', report('c'));
    expect(taken(reports)).to.deep.equal([[3, 'c']]);
    expect(taken(reports)).to.deep.equal([]);
    expect(reports.size()).to.equal(3);
  });

  it('stay within the bounds of a message in number and bytes, but at least one goes out', () => {
    const reports = pending(...Array.from({ length: 2_500 }, (_, i) => `${i}`));
    expect([taken(reports).length, taken(reports).length, taken(reports).length]).to.deep.equal([
      1_000, 1_000, 500,
    ]);
    const long = noReports();
    for (let i = 0; i < 3; i += 1) {
      long.add(`${i}`, report(`${i}`, ['x'.repeat(200)]));
    }
    expect(long.take(1_000, 1_500)).to.have.length(1);
    expect(long.take(1_000, 1)).to.have.length(1);
    expect(long.hasReady()).to.equal(true);
  });

  it('are forgotten when they are accepted or settled, and not before', () => {
    const reports = pending('a', 'b', 'c');
    taken(reports);
    const { done, later } = reports.decide(
      [outcome(1, 'VERDICT_ACCEPTED'), outcome(3, 'VERDICT_SETTLED')],
      0,
      0,
    );
    expect(done.map(({ key, isAccepted }) => [key, isAccepted])).to.deep.equal([
      ['a', true],
      ['c', false],
    ]);
    expect([later, reports.size()]).to.deep.equal([[], 1]);
  });

  it('go out again after a pause, under a new number, if nobody could decide', () => {
    const reports = pending('a');
    taken(reports);
    expect(reports.decide([outcome(1, 'VERDICT_LATER')], 1_000, 0).later).to.deep.equal(['a']);
    expect(reports.hasReady()).to.equal(false);
    const dueMs = reports.wake(1_000) ?? NaN;
    expect(dueMs).to.equal(1_000 + pauseMs(1, 0));
    expect(reports.wake(dueMs - 1)).to.equal(dueMs);
    expect(reports.wake(dueMs)).to.equal(undefined);
    expect(taken(reports)).to.deep.equal([[2, 'a']]);
  });

  it('end their pauses when somebody can decide', () => {
    const reports = pending('a');
    taken(reports);
    reports.decide([outcome(1, 'VERDICT_LATER')], 0, 1);
    reports.hurry();
    expect(taken(reports)).to.deep.equal([[2, 'a']]);
    expect(reports.wake(0)).to.equal(undefined);
    reports.decide([outcome(2, 'VERDICT_LATER')], 0, 1);
    expect(reports.wake(0)).to.equal(pauseMs(1, 1));
  });

  it('treat an unknown verdict as LATER', () => {
    const reports = pending('a');
    taken(reports);
    expect(reports.decide([outcome(1, 'UNRECOGNIZED')], 0, 0).later).to.deep.equal(['a']);
  });

  it('wait longer each time, within bounds, and not all for the same time', () => {
    const pauses = [1, 2, 3, 4, 20].map((n) => pauseMs(n, 1));
    expect(pauses).to.deep.equal([500, 1_000, 2_000, 4_000, 5_000]);
    expect(pauseMs(1, 0)).to.equal(250);
  });

  it('all go out again on a new stream, in the same order, numbered from 1', () => {
    const reports = pending('a', 'b', 'c');
    reports.take(2, MIB);
    reports.decide([outcome(1, 'VERDICT_LATER')], 0, 0);
    reports.restart();
    expect(taken(reports)).to.deep.equal([
      [1, 'b'],
      [2, 'a'],
      [3, 'c'],
    ]);
  });

  it('ignore outcomes for unknown or already decided numbers', () => {
    const reports = pending('a');
    taken(reports);
    const accepted = outcome(1, 'VERDICT_ACCEPTED');
    expect(reports.decide([outcome(7, 'VERDICT_ACCEPTED')], 0, 0).done).to.deep.equal([]);
    expect(reports.decide([accepted, accepted], 0, 0).done).to.have.length(1);
  });

  it('leave out what is dropped, wherever it waits, and ignore its outcome', () => {
    const reports = pending('sent', 'paused', 'ready');
    reports.take(2, MIB);
    reports.decide([outcome(2, 'VERDICT_LATER')], 0, 0);
    ['sent', 'paused', 'ready'].forEach((key) => reports.drop(key));
    expect(reports.size()).to.equal(0);
    expect(reports.decide([outcome(1, 'VERDICT_ACCEPTED')], 0, 0).done).to.deep.equal([]);
    reports.restart();
    expect(taken(reports)).to.deep.equal([]);
  });
});
