import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { running } from '../../fixtures/agent.ts';
import type { Checkpoint, Outcome, ResumePoint, Running } from '../engine.ts';
import { createNoopEngine, type NoopJob } from './noop.ts';
import { noopBytes } from './noop-bytes.ts';

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

  describe('with checkpoints', () => {
    const sliced = { durationMs: 100, checkpointsMs: new Map([['noop', 40]]) };
    const play = async (job: Partial<NoopJob>, more: Partial<Running> = {}) => {
      const clock = fakeClock();
      const made: string[] = [];
      const whole = { workloadId: 'w-1', durationMs: 0, resultBytes: 0, isFailing: () => false };
      const opened = await createNoopEngine({ clock }).open(
        { ...whole, ...job },
        new AbortController().signal,
      );
      if (opened.kind !== 'opened') {
        throw new Error(opened.kind);
      }
      const checkpoint = async ({ name, position, parts }: Checkpoint): Promise<void> =>
        void made.push(`${name} ${position} ${parts.map(({ sizeBytes }) => sizeBytes).join()}`);
      const ended = opened.run({ key: 'noop/7' }, { ...running(), checkpoint, ...more });
      return { clock, made, ended, makes: opened.makesCheckpoints?.({ key: 'noop/7' }) };
    };
    const resumeAt = (position: number): ResumePoint => ({
      name: `${position} ms`,
      position,
      madeBy: '0-1',
      files: async () => ({ kind: 'fetched', paths: [] }),
    });

    it('makes one after each slice but the last, with bytes if results have some', async () => {
      const { clock, made, ended, makes } = await play({ ...sliced, resultBytes: 5 });
      await clock.advance(100);
      expect(await ended).to.include({ kind: 'completed', seconds: 0.1 });
      expect(made).to.deep.equal(['40 ms 40 5', '80 ms 80 5']);
      expect([makes, (await play({})).makes]).to.deep.equal([true, false]);
    });

    it('goes on from one, and only does the rest', async () => {
      const { clock, made, ended } = await play(sliced, { resume: resumeAt(50) });
      await clock.advance(50);
      expect(await ended).to.include({ kind: 'completed', seconds: 0.05 });
      expect(made).to.deep.equal(['80 ms 80 ']);
    });

    it('yields at once with one, and makes none where it gained nothing', async () => {
      for (const [resume, expected] of [
        [undefined, ['10 ms 10 ']],
        [resumeAt(50), ['60 ms 60 ']],
      ] as const) {
        const asking = new AbortController();
        const { clock, made, ended } = await play(sliced, {
          yielding: asking.signal,
          ...(resume && { resume }),
        });
        await clock.advance(10);
        asking.abort('for a test');
        expect(await ended).to.deep.equal({ kind: 'yielded', reason: 'for a test' });
        expect(made).to.deep.equal(expected);
      }
      const { made, ended } = await play(sliced, {
        yielding: AbortSignal.abort('at once'),
        resume: resumeAt(50),
      });
      expect(await ended).to.include({ kind: 'yielded' });
      expect(made).to.deep.equal([]);
    });

    it('goes on if it is asked to yield and makes none', async () => {
      const { clock, ended } = await play(
        { durationMs: 20 },
        { yielding: AbortSignal.abort('for a test') },
      );
      await clock.advance(20);
      expect(await ended).to.include({ kind: 'completed' });
    });

    it('refuses one with other bytes', async () => {
      const files = async (folder: string) => {
        await writeFile(join(folder, 'state.bin'), 'other');
        return { kind: 'fetched' as const, paths: ['state.bin'] };
      };
      const { ended } = await play(
        { ...sliced, resultBytes: 5 },
        { resume: { ...resumeAt(50), files } },
      );
      expect(await ended).to.include({ kind: 'failed', failureClass: 'AGENT_ERROR' });
    });
  });
});
