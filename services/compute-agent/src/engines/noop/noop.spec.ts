import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { running } from '../../fixtures/agent.ts';
import type { Outcome } from '../engine.ts';
import { createNoopEngine, noopBytes, type NoopJob } from './noop.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const run = async (
  job: Partial<NoopJob>,
  key = 'noop/7',
  signal = new AbortController().signal,
): Promise<Outcome> => {
  const whole = {
    workloadId: 'w-1',
    durationMs: 0,
    resultBytes: 0,
    isFailing: () => false,
    ...job,
  };
  const opened = await createNoopEngine({ clock: systemClock }).open(
    whole,
    new AbortController().signal,
  );
  if (opened.kind !== 'opened') {
    throw new Error(opened.kind);
  }
  return opened.run({ key }, running(signal));
};

describe('the noop engine', () => {
  it('returns the digest of the key if no bytes are requested', async () => {
    expect(await run({})).to.deep.equal({
      kind: 'completed',
      sha256: digest('w-1/noop/7').toString('hex'),
      sizeBytes: 0,
      pixelHash: '',
      seconds: 0,
      notes: [],
    });
  });

  it('returns as many bytes as requested, which follow from the key', async () => {
    const outcome = await run({ resultBytes: 70 });
    const bytes = Buffer.concat([0, 1, 2].map((i) => digest(`w-1/noop/7/${i}`))).subarray(0, 70);
    expect(outcome).to.deep.include({ kind: 'completed', sizeBytes: 70, bytes });
    expect(outcome).to.have.property('sha256', createHash('sha256').update(bytes).digest('hex'));
    expect(noopBytes('w-1/noop/7', 32)).to.deep.equal(digest('w-1/noop/7/0'));
  });

  it('always fails the tasks that are to fail, with a reason', async () => {
    const job = { isFailing: (task: number) => task === 7 };
    expect(await run(job)).to.include({ kind: 'failed', failureClass: 'RENDER_ERROR' });
    expect(await run(job))
      .to.have.property('reason')
      .that.includes('noop/7');
    expect(await run(job, 'noop/8')).to.have.property('kind', 'completed');
  });

  it('takes the given time, and stops at once when it is cancelled', async () => {
    const started = performance.now();
    expect(await run({ durationMs: 40 })).to.include({ kind: 'completed', seconds: 0.04 });
    expect(performance.now() - started).to.be.at.least(38);
    const cancel = new AbortController();
    const waiting = run({ durationMs: 3_600_000 }, 'noop/0', cancel.signal);
    cancel.abort();
    expect(await waiting).to.deep.equal({ kind: 'cancelled' });
  });
});
