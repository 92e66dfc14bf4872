import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  completed,
  exchange,
  failed,
  header,
  holdsNothing,
  play,
  reports,
  user,
} from '../fixtures/workload.ts';
import { effectiveWanted } from './demand.ts';
import { windowOf } from './schedule.ts';
import type { WorkloadState } from '../state/workload.ts';

describe('windowOf', () => {
  const plenty = 1_000_000;

  it('is two tasks for each slot until there is a measurement', () => {
    expect(windowOf({ slots: 1, secondsPerTask: undefined }, plenty, 1)).to.equal(2);
    expect(windowOf({ slots: 4, secondsPerTask: undefined }, plenty, 1)).to.equal(8);
  });

  it('is eight seconds of work for each slot after that', () => {
    expect(windowOf({ slots: 1, secondsPerTask: 1 }, plenty, 1)).to.equal(8);
    expect(windowOf({ slots: 2, secondsPerTask: 0.5 }, plenty, 1)).to.equal(32);
  });

  it('keeps a next task for each slot, however slow the user', () => {
    expect(windowOf({ slots: 1, secondsPerTask: 3_600 }, plenty, 1)).to.equal(2);
    expect(windowOf({ slots: 4, secondsPerTask: 3_600 }, plenty, 1)).to.equal(5);
  });

  it('is bounded for tasks that take no time', () => {
    expect(windowOf({ slots: 1, secondsPerTask: 0 }, plenty, 1)).to.equal(256);
  });

  it('shrinks at the end to half of the share of waiting tasks, but not below one for each slot', () => {
    const fast = { slots: 1, secondsPerTask: 0.01 };
    expect([400, 100, 40, 4, 1, 0].map((waiting) => windowOf(fast, waiting, 2))).to.deep.equal([
      100, 25, 10, 1, 1, 1,
    ]);
    expect(windowOf({ slots: 4, secondsPerTask: 0.01 }, 0, 2)).to.equal(4);
  });
});

describe('effectiveWanted', () => {
  const { session } = play(header(5));
  const { state } = session;
  const wantedIn = (changes: Partial<WorkloadState>, planUsers = 100): number =>
    effectiveWanted({ ...session, state: { ...state, ...changes }, planUsers, now: 0 });

  it('is the least of the number asked for, the plan, and the tasks left', () => {
    expect(wantedIn({ wanted: 3 })).to.equal(3);
    expect(wantedIn({ wanted: 30 }, 4)).to.equal(4);
    expect(wantedIn({ wanted: 30 })).to.equal(5);
  });

  it('is 0 while the workload is paused and after its end', () => {
    for (const phase of ['paused', 'stopped', 'completed', 'failed'] as const) {
      expect(wantedIn({ phase }), phase).to.equal(0);
    }
  });

  it('lets other users try a failed task, even if few tasks are left', () => {
    const game = play(header(1));
    game.input(exchange([user('u1')]));
    game.input(holdsNothing('u1'));
    const [attempt = ''] = game.held('u1').keys();
    game.input(reports('u1', [failed(attempt, 0)]));
    expect(effectiveWanted({ ...game.session, now: 0 })).to.equal(3);
  });
});

/** Ready users with this number of slots each. */
const staffed = (tasks: number, slots: Record<string, number>) => {
  const game = play(header(tasks));
  game.input(exchange(Object.entries(slots).map(([id, n]) => user(id, { slots: n }))));
  for (const id of Object.keys(slots)) {
    game.input(holdsNothing(id));
  }
  /** Completes the user's first task after this time. */
  const finish = (id: string, seconds: number): void => {
    const [[attempt, task] = ['', 0]] = game.held(id);
    game.pass(seconds * 1_000);
    const report = completed(attempt, task);
    game.input(reports(id, [{ ...report, body: { ...report.body, seconds } as never }]));
  };
  return { ...game, finish };
};

describe('hand-outs', () => {
  it('keep every slot of a user at work while tasks wait', () => {
    const game = staffed(100, { u1: 4 });
    for (let i = 0; i < 90; i += 1) {
      game.finish('u1', 100);
      expect(game.held('u1').size, `after ${i + 1} tasks`).to.be.at.least(4);
    }
  });

  it('grow to what a user does in eight seconds', () => {
    const game = staffed(10_000, { u1: 1 });
    expect(game.held('u1').size).to.equal(2);
    game.finish('u1', 0.1);
    expect(game.held('u1').size).to.equal(80);
  });

  it('give an idle user some tasks that the fullest user has not begun, at most one window', () => {
    const game = staffed(200, { fast: 1, slow: 1 });
    game.finish('slow', 100);
    game.finish('fast', 0.01);
    const before = game.held('fast').size;
    // No task waits any more.
    while (game.session.workers.queue.next(() => true) !== undefined) {}
    while (game.held('fast').size === before) {
      game.finish('slow', 100);
    }
    expect(before).to.be.above(40);
    expect([game.held('fast').size, game.held('slow').size]).to.deep.equal([before - 2, 2]);
  });
});
