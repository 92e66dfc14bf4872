import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isTold, type Told } from '#libs/contracts/agent-told.ts';
import { fakeClock, noopSpec } from '#libs/testing/index.ts';
import { completed, failed } from './engines/engine.ts';
import { attempts } from './fixtures/peer.ts';
import { createTally, startTelling } from './telling.ts';

describe('what an agent tells about itself', () => {
  it('is what it does, for whom, and how much it did, whenever that has changed', async () => {
    const clock = fakeClock();
    const tally = createTally();
    const [attempt] = attempts(7);
    const work = { kind: { $case: 'noop', value: noopSpec() }, customerId: 'alice' } as const;
    const assignment = {
      key: 'k',
      workloadId: 'w-1',
      attempt: attempt!,
      phase: 'running' as const,
      startedMs: 0,
      isAnnounced: true,
      progress: { fraction: 0.5, text: 'half' },
    };
    let doing = [{ assignment, work }];
    const lines: string[] = [];
    await using _telling = startTelling(
      () => tally.told(doing, 2),
      (line) => lines.push(line),
      clock,
    );
    tally.connected(true);
    tally.for('alice');
    await clock.advance(1_000);
    await clock.advance(5_000);
    doing = [];
    const result = { sha256: '', sizeBytes: 0, pixelHash: '', seconds: 2, notes: [] };
    tally.finished(completed(result));
    tally.finished(failed('TIMEOUT', 'late', { seconds: 3 }));
    await clock.advance(1_000);
    const told = lines.map((line): unknown => JSON.parse(line));
    expect(told.every(isTold)).to.equal(true);
    const after = {
      connected: true,
      done: 0,
      failed: 0,
      seconds: 0,
      waiting: 2,
      customers: ['alice'],
    };
    const half = { what: 'w-1', task: 'noop/7', customer: 'alice', fraction: 0.5 };
    expect(told.slice(-2).map((each) => (each as { tell: Told }).tell)).to.deep.equal([
      { ...after, doing: [{ ...half, remainingSeconds: null }] },
      { ...after, doing: [], done: 1, failed: 1, seconds: 5 },
    ]);
    expect(lines.length).to.be.at.most(3);
  });
});
