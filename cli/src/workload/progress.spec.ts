import { expect } from 'chai';
import { describe, it } from 'mocha';
import { stepUnderWay } from './steps.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { createProgressDisplay } from './progress-display.ts';
import { progressBar, progressEvent, progressLine, type Progress } from './progress.ts';

const half: Progress = {
  completed: 12,
  verified: 12,
  failed: 0,
  total: 24,
  users: 3,
  etaSeconds: 21.04,
  perMinute: 34.4,
  step: '',
  running: [],
};
const none: Progress = {
  completed: 0,
  verified: 0,
  failed: 0,
  total: 1,
  users: 0,
  etaSeconds: undefined,
  perMinute: 0,
  step: '',
  running: [],
};

describe('progress', () => {
  it('is an event with exactly the promised fields for programs', () => {
    expect(progressEvent(half)).to.deep.equal({
      event: 'progress',
      completed: 12,
      verified: 12,
      failed: 0,
      total: 24,
      users: 3,
      etaSeconds: 21,
    });
    expect(progressEvent(none)).to.have.property('etaSeconds', null);
    const waiting = { code: 'PAUSED', message: 'it is paused; resume it' };
    expect(progressEvent({ ...none, waiting })).to.deep.include({ waiting });
  });

  it('is a line without the values that are not known', () => {
    expect(progressLine(half, 'frame')).to.equal(
      '12 of 24 frames, 3 users, 34 per minute, 21.0 s left',
    );
    expect(progressLine({ ...none, failed: 1 }, 'frame')).to.equal(
      '0 of 1 frame, 1 failed, 0 users',
    );
  });

  it('begins with the step that the results wait for', () => {
    const step = stepUnderWay([
      { node: 'bake', total: 1, completed: 0, failed: 0, remaining: 1 },
      { node: 'frames', total: 24, completed: 0, failed: 0, remaining: 24 },
    ]);
    expect(progressLine({ ...none, step }, 'frame')).to.equal(
      'baking the physics: 0 of 1, 0 of 1 frame, 0 users',
    );
    expect(progressEvent({ ...none, step })).to.include({ step });
  });

  it('says that the time left is not known yet, or why nobody works on it', () => {
    expect(progressLine({ ...none, users: 2 }, 'frame')).to.equal(
      '0 of 1 frame, 2 users, time left not known yet',
    );
    const waiting = { code: 'PAUSED', message: 'it is paused;\u001B[2J resume it' };
    expect(progressLine({ ...none, waiting }, 'frame')).to.equal(
      '0 of 1 frame, 0 users, waiting: it is paused;\\x1b[2J resume it',
    );
  });

  it('says no time left where that would be none', () => {
    const last = { ...half, completed: 23, users: 0, perMinute: 0 };
    for (const etaSeconds of [0, 0.049]) {
      expect(progressLine({ ...last, etaSeconds }, 'frame')).to.equal('23 of 24 frames, 0 users');
      expect(progressBar({ ...last, etaSeconds }, 200)).to.match(/23\/24, 0 users$/);
    }
    expect(progressLine({ ...last, etaSeconds: 0.05 }, 'frame')).to.match(/, 0\.1 s left$/);
  });

  it('is a bar that never wraps', () => {
    expect(progressBar(half, 200)).to.equal(
      '[############------------]  50 %  12/24, 3 users, 34 per minute, 21.0 s left',
    );
    expect(progressBar(half, 60)).to.equal('[#####-----]  50 %  12/24, 3 users, 21.0 s left');
    expect(progressBar(half, 40)).to.equal(' 50 %  12/24, 21.0 s left');
    const waiting = { code: 'PAUSED', message: 'it is paused; resume it to go on with it' };
    expect(progressBar({ ...half, users: 0, waiting }, 60)).to.equal(
      ' 50 %  12/24, waiting: it is paused; resume it to go on wi…',
    );
    for (let columns = 0; columns < 100; columns += 1) {
      expect(progressBar({ ...half, waiting }, columns).length).to.be.below(Math.max(1, columns));
    }
    expect(progressBar({ ...none, total: 0 }, 80)).to.include('  0 %');
    expect(progressBar({ ...half, completed: 24 }, 80)).to.include('100 %');
  });

  it('counts failures as failures', () => {
    expect(progressBar({ ...half, completed: 6, failed: 6 }, 100)).to.equal(
      '[######xxxxxx------------]  25 %  6/24, 6 failed, 3 users, 34 per minute, 21.0 s left',
    );
  });
});

describe('progress whose results are being verified', () => {
  it('says how many are left once all are done', () => {
    const done = { ...half, completed: 24, verified: 22, etaSeconds: 0, perMinute: 0 };
    expect(progressLine(done, 'frame')).to.equal('24 of 24 frames, 3 users, 2 to verify');
    expect(progressLine({ ...half, verified: 0 }, 'frame')).not.to.include('verify');
  });
});

describe('createProgressDisplay', () => {
  it('shows plain lines at most once a second, and the last state always', async () => {
    const clock = fakeClock();
    const { cli, said } = testCli();
    const display = createProgressDisplay(createOutput(cli, false), clock, 'frame');
    for (let completed = 0; completed <= 24; completed += 1) {
      display.show({
        ...half,
        completed,
        verified: completed,
        etaSeconds: undefined,
        perMinute: 0,
      });
      await clock.advance(100);
    }
    display.finish();
    const lines = said.stdout.trimEnd().split('\n');
    expect(lines).to.have.lengthOf(4);
    expect(lines.at(-1)).to.equal('24 of 24 frames, 3 users');
  });

  it('does not repeat a state that has not changed', async () => {
    const clock = fakeClock();
    const { cli, said } = testCli();
    const display = createProgressDisplay(createOutput(cli, true), clock, 'frame');
    for (let i = 0; i < 5; i += 1) {
      display.show(half);
      await clock.advance(1_000);
    }
    display.finish();
    expect(said.stdout).to.equal(`${JSON.stringify(progressEvent(half))}\n`);
  });

  it('clears a bar before it says something else', () => {
    const { cli, said } = testCli();
    const terminal = {
      ...cli,
      stdout: { write: cli.stdout.write.bind(cli.stdout), isTTY: true, columns: 60 },
    };
    const display = createProgressDisplay(createOutput(terminal, false), fakeClock(), 'frame');
    display.show(half);
    display.note('blob is away');
    expect(said.stdout.endsWith('\r\u001B[K')).to.equal(true);
    expect(said.stderr).to.equal('muster: blob is away\n');
  });
});
