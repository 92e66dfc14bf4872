import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { RunningTask } from '#libs/contracts/session.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { createProgressDisplay } from './progress-display.ts';
import { progressEvent, type Progress } from './progress.ts';
import { underWayLines } from './under-way.ts';

const task = (frame: number, more: Partial<RunningTask> = {}): RunningTask => ({
  task: `frames/${frame}`,
  frame,
  userId: 'm-1',
  userName: 'alice',
  fraction: 0.625,
  text: 'Sample 40/64',
  elapsedSeconds: 33.27,
  remainingSeconds: 20,
  ...more,
});

const progress = (running: RunningTask[]): Progress => ({
  completed: 0,
  verified: 0,
  failed: 0,
  total: 24,
  users: 1,
  etaSeconds: undefined,
  perMinute: 0,
  step: '',
  running,
});

describe('tasks under way', () => {
  it('are lines with what is known of each, and a count beyond a few', () => {
    const unknown = { fraction: undefined, remainingSeconds: undefined };
    expect(
      underWayLines([task(17), task(18, { ...unknown, text: 'Compositing\u001B[2J' })], 'frame'),
    ).to.deep.equal([
      'frame 17 on alice: 62 %, Sample 40/64, 20.0 s left',
      'frame 18 on alice: Compositing\\x1b[2J, for 33.3 s',
    ]);
    const many = Array.from({ length: 12 }, (_, i) => task(i));
    expect(underWayLines(many, 'frame').at(-1)).to.equal('and 4 more frames under way');
  });

  it('are part of the event of programs, where there are some', () => {
    expect(progressEvent(progress([]))).not.to.have.property('running');
    expect(progressEvent(progress([task(17, { remainingSeconds: undefined })]))).to.deep.include({
      running: [
        {
          task: 'frames/17',
          frame: 17,
          user: 'alice',
          percent: 62,
          text: 'Sample 40/64',
          elapsedSeconds: 33.3,
          remainingSeconds: null,
        },
      ],
    });
  });

  it('stand below the bar of a terminal, which goes back to its place', async () => {
    const { cli, said } = testCli();
    const stdout = { write: cli.stdout.write.bind(cli.stdout), isTTY: true, columns: 30 };
    const clock = fakeClock();
    const display = createProgressDisplay(createOutput({ ...cli, stdout }, false), clock, 'frame');
    display.show(progress([task(17), task(18)]));
    const [bar = '', first, second] = said.stdout.split('\n');
    expect(bar.startsWith('\r\u001B[K  0 %')).to.equal(true);
    expect(first).to.equal('frame 17 on alice: 62 %, Samp');
    expect(second).to.equal('frame 18 on alice: 62 %, Samp\u001B[2A');
    await clock.advance(1_000);
    display.show(progress([task(17)]));
    const again = said.stdout.split('\u001B[2A')[1] ?? '';
    expect(again.startsWith('\r\u001B[J  0 %')).to.equal(true);
    expect(again.endsWith('\u001B[1A')).to.equal(true);
    display.finish();
    expect(said.stdout.endsWith('\n\u001B[J')).to.equal(true);
  });

  it('come into a log every 10 s', async () => {
    const { cli, said } = testCli();
    const clock = fakeClock();
    const display = createProgressDisplay(createOutput(cli, false), clock, 'frame');
    for (let second = 0; second < 25; second += 1) {
      display.show(progress([task(17, { elapsedSeconds: second, fraction: second / 25 })]));
      await clock.advance(1_000);
    }
    const lines = said.stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('  frame 17'))).to.have.lengthOf(3);
  });
});
