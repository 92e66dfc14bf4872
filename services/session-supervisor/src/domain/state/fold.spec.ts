import { expect } from 'chai';
import { describe, it } from 'mocha';
import { has } from '../sets/bitmap.ts';
import { isKnownEntry, type Entry } from './entries.ts';
import { everyEntry, header, renderHeader } from '../fixtures/workload.ts';
import { fold, foldDocument } from './fold.ts';
import { begin, countsOf, troubleOf, type WorkloadState } from './workload.ts';

const at = { n: 7, at: 1_000 };

const foldAll = (
  entries: readonly Entry[],
  state: WorkloadState = begin(header(4)),
): WorkloadState => entries.reduce((before, entry) => fold(before, entry, at), state);

/** The failure of a machine that lacks the engine of the scene. */
const missing = (name: string): Entry => ({
  ...everyEntry['attempt-failed'],
  task: 'frames/2',
  failureClass: 'ENGINE_UNAVAILABLE',
  names: [name],
});

describe('fold', () => {
  it('begins as pending with everything to do', () => {
    expect(begin(header(4))).to.include({ phase: 'pending', position: 0, epoch: 0, owner: '' });
    expect(countsOf(begin(header(4)))).to.deep.equal({
      total: 4,
      completed: 0,
      failed: 0,
      remaining: 4,
    });
  });

  it('knows every kind of entry, and no other', () => {
    for (const entry of Object.values(everyEntry)) {
      expect(isKnownEntry(entry), entry.kind).to.equal(true);
    }
    for (const kind of ['repaired', 'toString', '']) {
      expect(isKnownEntry({ kind }), kind).to.equal(false);
    }
  });

  it('never changes the state that it is given, whatever the entry', () => {
    for (const entry of Object.values(everyEntry)) {
      const before = foldAll([everyEntry.started, everyEntry['attempt-failed'], everyEntry.paused]);
      const copy = structuredClone(before);
      fold(before, entry, at);
      expect(before, entry.kind).to.deep.equal(copy);
    }
  });

  it('takes the position of a take-over as the epoch', () => {
    expect(foldAll([everyEntry['taken-over']])).to.include({
      epoch: 7,
      owner: 'i-2',
      phase: 'pending',
    });
  });

  it('is running from the first hand-out on', () => {
    expect(foldAll([everyEntry.started])).to.include({ phase: 'running', startedAt: 1_000 });
  });

  it('stays paused if a `started` entry follows the pause', () => {
    expect(foldAll([everyEntry.paused, everyEntry.started])).to.include({
      phase: 'paused',
      startedAt: 1_000,
    });
  });

  it('counts an accepted result for its task and its user', () => {
    const state = foldAll([
      everyEntry.accepted,
      { ...everyEntry.accepted, task: 'noop/3', userName: 'renamed' },
    ]);
    expect(countsOf(state)).to.deep.equal({ total: 4, completed: 2, failed: 0, remaining: 2 });
    expect(has(state.done, 1)).to.equal(true);
    expect(state.shares).to.deep.equal([{ id: 'u1', name: 'renamed', completed: 2, seconds: 5 }]);
  });

  it('counts for a user only results that still count, but all its work', () => {
    const { accepted } = everyEntry;
    const done = foldAll([accepted, { ...accepted, task: 'noop/3' }]);
    const retried = fold(done, { kind: 'retried', tasks: '1,3' }, at);
    expect(retried.shares).to.deep.equal([{ id: 'u1', name: 'one', completed: 0, seconds: 5 }]);
    const again = { ...accepted, generation: 1, attempt: '0-9' };
    const { shares } = foldAll([again, { ...again, user: 'u2', task: 'noop/3' }], retried);
    expect(shares.map(({ id, completed }) => [id, completed])).to.deep.equal([
      ['u1', 1],
      ['u2', 1],
    ]);
    const repaired = fold(done, { kind: 'repair-wanted', tasks: '3', reason: 'damaged' }, at);
    expect(repaired.shares[0]).to.include({ completed: 1 });
    const refused = fold(done, everyEntry['result-refused'], at);
    expect(refused.shares[0]).to.include({ completed: 1 });
  });

  it('learns nothing from a duplicate', () => {
    const before = foldAll([everyEntry.accepted]);
    expect(fold(before, everyEntry.duplicate, at)).to.deep.equal(before);
  });

  it('keeps failures and losses with their task, and the last reason', () => {
    const state = foldAll([everyEntry['attempt-failed'], everyEntry['attempt-lost']]);
    expect(troubleOf(state, 2)).to.deep.equal({
      failures: [
        { attempt: '0-1', user: 'u1', userName: 'one', isTaskFault: true, shortOfBytes: 0 },
      ],
      losses: 1,
      vainLosses: 1,
      last: {
        attempt: '0-1',
        user: 'u1',
        userName: 'one',
        failureClass: 'RENDER_ERROR',
        reason: 'no light',
        log: 'logs/w-1/noop/2/0-0-2.log',
        at: 1_000,
      },
    });
  });

  it('does not count a failure of the machine against the task', () => {
    const state = foldAll([{ ...everyEntry['attempt-failed'], failureClass: 'AGENT_ERROR' }]);
    expect(troubleOf(state, 2)?.failures).to.deep.include({
      attempt: '0-1',
      user: 'u1',
      userName: 'one',
      isTaskFault: false,
      shortOfBytes: 0,
    });
  });

  it('gives a task up with its reason', () => {
    const state = foldAll([everyEntry['task-failed']]);
    expect(countsOf(state)).to.deep.equal({ total: 4, completed: 0, failed: 1, remaining: 3 });
    expect(troubleOf(state, 2)?.givenUp).to.equal('RENDER_ERROR: no light');
  });

  it('returns to the state before a pause', () => {
    expect(foldAll([everyEntry.paused, everyEntry.resumed]).phase).to.equal('pending');
    expect(foldAll([everyEntry.started, everyEntry.paused, everyEntry.resumed]).phase).to.equal(
      'running',
    );
  });

  it('remembers the last 1,000 commands', () => {
    const marked = Array.from({ length: 1_002 }, (_, i): Entry => ({
      ...everyEntry['wanted-set'],
      request: { requestId: `r${i}`, requestHash: `h${i}` },
    }));
    const { requests, wanted } = foldAll(marked);
    expect(wanted).to.equal(4);
    expect([
      requests.size,
      requests.has('r1'),
      requests.get('r2'),
      requests.get('r1001'),
    ]).to.deep.equal([1_000, false, 'h2', 'h1001']);
  });

  it('ends with the position and the reason, and keeps its other values', () => {
    const stopped = foldAll([everyEntry.started, everyEntry.paused, everyEntry.stopped]);
    expect(stopped).to.deep.include({
      phase: 'stopped',
      deleteResults: true,
      ending: {
        position: 7,
        at: 1_000,
        reason: 'STOPPED_BY_COMMAND',
        message: 'stopped by command',
      },
    });
    expect(foldAll([everyEntry.completed]).ending).to.include({ reason: '' });
    expect(foldAll([everyEntry.failed]).ending).to.include({
      reason: 'FRAMES_FAILED',
      message: '1 of 4 failed: 2',
    });
    expect(foldAll([everyEntry.stopped, everyEntry.closed]).closed).to.equal(true);
  });

  it('counts the notes of results, at most 20 different ones', () => {
    const noted = (task: number, ...notes: string[]) => ({
      ...everyEntry.accepted,
      task: `noop/${task}`,
      notes,
    });
    const { notes } = foldAll([noted(0, 'a', 'b'), noted(1, 'a')]);
    expect(notes).to.deep.equal([
      { text: 'a', results: 2 },
      { text: 'b', results: 1 },
    ]);
    const many = Array.from({ length: 30 }, (_, i) => `note ${i}`);
    expect(foldAll([noted(0, ...many)]).notes).to.have.length(20);
  });

  it('ignores an entry about an unknown task', () => {
    for (const kind of ['accepted', 'attempt-failed', 'attempt-lost', 'task-failed'] as const) {
      for (const task of ['noop/4', 'noop/01', 'frames/1', '']) {
        const state = foldAll([{ ...everyEntry[kind], task }]);
        expect(countsOf(state).remaining, `${kind} ${task}`).to.equal(4);
        expect(state.troubles.count).to.equal(0);
      }
    }
  });

  it('suspects the engine that a machine names, unless that is none or the customer chose one', () => {
    const named = (engine: string, of = renderHeader('1-4')): string[] => {
      const { suspicions, engine: known } = foldAll([missing(engine)], begin(of));
      expect(known).to.equal(of.spec.kind === 'render' ? of.spec.engine : '');
      return suspicions.map((each) => each.engine);
    };
    expect(named('BLENDER_EEVEE')).to.deep.equal(['BLENDER_EEVEE']);
    expect(named('no engine at all')).to.deep.equal([]);
    expect(named('CYCLES', renderHeader('1-4', { engine: 'BLENDER_EEVEE' }))).to.deep.equal([]);
    expect(named('CYCLES', header(4))).to.deep.equal([]);
  });

  it('costs the same for a failure among many as for the first', () => {
    let state = begin(header(100_000));
    const began = performance.now();
    for (let i = 0; i < 50_000; i += 1) {
      state = fold(state, { ...everyEntry['attempt-failed'], task: `noop/${i}` }, at);
    }
    expect(performance.now() - began).to.be.below(5_000);
    expect(state.troubles.count).to.equal(50_000);
  });

  it('shows the position of the last document', () => {
    const entries = [everyEntry.started, everyEntry.accepted];
    const state = foldDocument(begin(header(4)), { n: 3, at: new Date(5), entries });
    expect(state).to.include({ position: 3, startedAt: 5 });
  });
});
