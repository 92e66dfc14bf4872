import { expect } from 'chai';
import { describe, it } from 'mocha';
import { staffed, kindsOf } from '../fixtures/staffed.ts';
import { exchange, holdsNothing, renderHeader, reports, user } from '../fixtures/workload.ts';
import { demandOf } from '../scheduling/demand.ts';
import { explain } from '../scheduling/explain.ts';
import { fold } from '../state/fold.ts';

const blender = (version: string) => [{ name: 'CYCLES', version, devices: [] }];

/** A workload that a machine with an invented version got first, and which has gone since. */
const pinned = (frames = '1-4', more = {}) => {
  const game = staffed(renderHeader(frames, more), ['liar'], { engines: blender('3.9.9') });
  const leave = () =>
    game.input({ kind: 'user-gone', user: 'liar', connection: 'c-liar', isClean: false });
  /** The matcher answers for so long that nobody suits, and so many are connected. */
  const nobodyFor = (seconds: number, answer = { suitable: 0, connected: 2 }) => {
    let last = game.input(exchange([], answer));
    for (let passed = 0; passed < seconds; passed += 2) {
      game.pass(2_000);
      last = game.input(exchange([], answer));
    }
    return last;
  };
  const needs = () => demandOf(game.session.state, game.session.workers, 100, 0).needs;
  return { ...game, leave, nobodyFor, needs };
};

describe('the version of all results', () => {
  it('is chosen anew if none has it yet, and nobody who has it is connected for 30 s', () => {
    const game = pinned();
    const late = { ...game.first('liar'), task: 'frames/1' };
    game.leave();
    expect(kindsOf(game.nobodyFor(28))).to.deep.equal([]);
    expect(game.needs().exactVersion).to.equal('3.9.9');
    const decision = game.nobodyFor(2);
    expect(decision.entries).to.deep.equal([
      { kind: 'version-dropped', version: '3.9.9', tasks: '' },
    ]);
    expect(decision.effects).to.deep.include({ kind: 'demand', verb: 'more-users' });
    expect(game.needs().exactVersion).to.equal('');
    game.input(exchange(['a', 'b'].map((id) => user(id, { engines: blender('3.4.1') }))));
    expect(game.input(holdsNothing('a')).entries).to.deep.equal([
      { kind: 'started', version: '3.4.1' },
    ]);
    expect(game.held('a').size).to.be.above(0);
    expect(game.needs().exactVersion).to.equal('3.4.1');
    // What was made with the other version counts no more.
    const body = {
      kind: 'completed' as const,
      seconds: 1,
      blob: 'b',
      sha256: '',
      sizeBytes: 1,
      pixelHash: '',
      notes: [],
    };
    const { effects } = game.input(reports('liar', [{ ...late, body }]));
    expect(effects.find(({ kind }) => kind === 'outcomes')).to.deep.include({
      outcomes: [{ reportId: 1, verdict: 'SETTLED', reason: 'OUTDATED_GENERATION' }],
    });
  });

  it('stays while a user who has it is connected, or nobody at all', () => {
    const game = pinned();
    game.leave();
    expect(kindsOf(game.nobodyFor(40, { suitable: 1, connected: 2 }))).to.deep.equal([]);
    expect(kindsOf(game.nobodyFor(40, { suitable: 0, connected: 0 }))).to.deep.equal([]);
    expect(kindsOf(game.nobodyFor(20))).to.deep.equal([]);
    game.nobodyFor(2, { suitable: 1, connected: 2 });
    expect(kindsOf(game.nobodyFor(20))).to.deep.equal([]);
    expect(game.needs().exactVersion).to.equal('3.9.9');
  });

  it('stays once a result has it, until all of these are to be made again', () => {
    const game = pinned();
    game.complete('liar');
    game.leave();
    expect(kindsOf(game.nobodyFor(60))).to.deep.equal([]);
    game.input({ kind: 'command', ticket: 1, command: { kind: 'retry', tasks: 'frames/1-4' } });
    expect(kindsOf(game.nobodyFor(30))).to.deep.equal(['version-dropped']);
  });

  it('is chosen anew if only a barred user has it, which then stops', () => {
    const game = pinned();
    const bar = { kind: 'user-barred', user: 'liar', reason: 'failed 3 tasks' } as const;
    game.session.state = fold(game.session.state, bar, { n: 9, at: 0 });
    expect(game.held('liar').size).to.be.above(0);
    const { entries, effects } = game.nobodyFor(30);
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['version-dropped']);
    expect(effects.map(({ kind }) => kind)).to.include('release');
  });

  it('takes baked physics with it, which nobody else could play', () => {
    const game = pinned('1-4', { physics: 'bake', bakeTimeoutMs: 1_000 });
    game.complete('liar');
    game.leave();
    const { entries } = game.nobodyFor(30);
    expect(entries).to.deep.equal([{ kind: 'version-dropped', version: '3.9.9', tasks: 'bake/0' }]);
    expect(game.session.state.done.count).to.equal(0);
  });

  it('is told to be chosen anew by whoever asks why it waits', () => {
    const game = pinned();
    game.leave();
    game.nobodyFor(2);
    const around = {
      active: 0,
      entitled: 0,
      suitable: 0,
      connected: 2,
      exchangeError: '',
      checkError: '',
    };
    const why = () => explain(game.session.state, 100, around)[0]?.message;
    expect(why()).to.match(/3\.9\.9, .*; no result has it yet, and after 30 s another is chosen$/);
    game.nobodyFor(30);
    expect(why()).to.not.include('3.9.9');
  });
});
