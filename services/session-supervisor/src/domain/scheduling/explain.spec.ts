import { expect } from 'chai';
import { describe, it } from 'mocha';
import { explain, type Surroundings } from './explain.ts';
import { everyEntry, header, renderHeader } from '../fixtures/workload.ts';
import { fold } from '../state/fold.ts';
import { begin, type WorkloadState } from '../state/workload.ts';

const at = { n: 1, at: 0 };
const working: Surroundings = {
  active: 2,
  entitled: 2,
  suitable: 2,
  connected: 3,
  exchangeError: '',
  checkError: '',
};
const nobody: Surroundings = {
  active: 0,
  entitled: 0,
  suitable: 0,
  connected: 0,
  exchangeError: '',
  checkError: '',
};

const codes = (state: WorkloadState, around: Surroundings | undefined, planUsers = 100): string[] =>
  explain(state, planUsers, around).map(({ code }) => code);

const text = (state: WorkloadState, around: Surroundings): string =>
  explain(state, 100, around)[0]?.message ?? '';

describe('explain', () => {
  const pending = begin(header(4));
  const running = fold(pending, everyEntry.started, at);

  it('says that nothing is waited for while users work', () => {
    expect(codes(running, working)).to.deep.equal(['NOT_WAITING']);
    expect(text(running, working)).to.equal('2 users work on it, 4 tasks remain');
    const last = fold(begin(header(1)), everyEntry.started, at);
    expect(text(last, { ...working, active: 1 })).to.equal('1 user works on it, 1 task remains');
  });

  it('distinguishes no user connected, no suitable user and all users busy', () => {
    expect(codes(pending, nobody)).to.deep.equal(['NO_USER_CONNECTED']);
    expect(codes(pending, { ...nobody, connected: 3 })).to.deep.equal(['NO_SUITABLE_USER']);
    expect(codes(pending, { ...nobody, connected: 3, suitable: 2 })).to.deep.equal([
      'ALL_USERS_BUSY',
    ]);
  });

  it('names the graphics card that no connected user has, and its memory', () => {
    const three = { ...nobody, connected: 3 };
    const on = (spec: object): string => text(begin(renderHeader('1', spec)), three);
    expect(on({ device: 'gpu' })).to.match(
      /^none of the 3 connected users has .* and a GPU that Cycles can use$/,
    );
    expect(on({ device: 'both', deviceMemoryBytes: 8 * 2 ** 30 })).to.match(
      / and a GPU with 8 GiB of memory that Cycles can use$/,
    );
    expect(on({ device: 'cpu' })).not.to.contain('GPU');
  });

  it('names the place in the queue, whom it waits for, and that it starts by itself', () => {
    const holders = [
      { id: 'w-1', phase: 'running' as const },
      { id: 'w-2', phase: 'paused' as const },
    ];
    const queue = { place: 2, length: 3, running: holders, slots: 2 };
    expect(explain(pending, 100, nobody, queue)).to.deep.equal([
      {
        code: 'QUEUED',
        message:
          'it is number 2 of 3 in the queue, because the plan lets 2 workloads run at once; it waits for w-1 or w-2 (paused) to end. It starts by itself',
      },
    ]);
  });

  it('names what is missing on the machines', () => {
    const render = begin(renderHeader('1-4', { engine: 'CYCLES' }));
    expect(text(pending, { ...nobody, connected: 3 })).to.equal(
      'none of the 3 connected users has the engine noop',
    );
    expect(text(render, { ...nobody, connected: 1 })).to.equal(
      'the only connected user does not have CYCLES 3.4 or later',
    );
    expect(
      text(fold(render, { kind: 'started', version: '3.4.1' }, at), { ...nobody, connected: 1 }),
    ).to.equal(
      'the only connected user does not have CYCLES 3.4.1, with which its frames are rendered since the first one; no result has it yet, and after 30 s another is chosen',
    );
  });

  it('names what a person did: paused, wanted 0 users, ended', () => {
    expect(codes(fold(running, everyEntry.paused, at), nobody)).to.deep.equal(['PAUSED']);
    expect(codes({ ...pending, wanted: 0 }, nobody)).to.deep.equal(['NO_USER_WANTED']);
    const failed = fold(running, everyEntry.failed, at);
    expect(explain(failed, 100, undefined)).to.deep.equal([
      { code: 'ENDED', message: 'it is failed: 1 of 4 failed: 2' },
    ]);
  });

  it('names the part of the mesh that is away', () => {
    expect(codes(pending, undefined)).to.deep.equal(['NO_OWNER']);
    expect(codes(pending, { ...nobody, exchangeError: 'nats does not answer' })).to.deep.equal([
      'DEPENDENCY_UNAVAILABLE',
    ]);
  });

  it('says that a result is made again by another machine before it ends, and how long it waits for that', () => {
    const wanted = { ...everyEntry['look-wanted'], task: 'noop/0' };
    const looked = fold(fold(begin(header(1)), everyEntry.started, at), wanted, at);
    expect(codes(looked, { ...working, active: 1 })).to.deep.equal(['AWAITS_SECOND_LOOK']);
    expect(text(looked, { ...working, active: 1 })).to.include('within 60 s, any machine may');
    const looking = fold(fold(begin(header(2)), everyEntry.started, at), wanted, at);
    expect(codes(looking, working)).to.deep.equal(['NOT_WAITING']);
  });

  it('adds the limit of the plan and tasks that fail', () => {
    expect(codes({ ...running, wanted: 5 }, working, 4)).to.deep.equal(['PLAN_LIMIT']);
    const failing = fold(running, everyEntry['attempt-failed'], at);
    expect(codes(failing, working)).to.deep.equal(['TASKS_FAILING']);
    expect(text(failing, working)).to.include('no light');
    expect(codes(fold(failing, everyEntry['task-failed'], at), working)).to.deep.equal([
      'NOT_WAITING',
    ]);
  });
});
