import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import { kindsOf, staffed } from '../fixtures/staffed.ts';
import {
  completed,
  exchange,
  failed,
  header,
  renderHeader,
  reports,
  user,
} from '../fixtures/workload.ts';
import { demandOf } from '../scheduling/demand.ts';
import { explain } from '../scheduling/explain.ts';
import { fold } from '../state/fold.ts';
import { hasEnded } from '../state/workload.ts';
import { reopeningEntries } from './reopen.ts';

const OF_THE_INPUT: FailureClassName[] = [
  'SCENE_UNREADABLE',
  'MISSING_ASSETS',
  'PHYSICS_NOT_BAKED',
];
const blender = {
  engines: ['CYCLES', 'BLENDER_WORKBENCH'].map((name) => ({ name, version: '4.5.1', devices: [] })),
};
const used = (engine: string) => ({ engine, version: '4.5.1', device: 'CPU' });

type Game = ReturnType<typeof staffed>;

const excluded = ({ session: { state, workers } }: Game): string[] =>
  demandOf(state, workers, 100, 0).needs.barredUserIds;

describe('what one machine says of the input', () => {
  for (const failureClass of OF_THE_INPUT) {
    it(`ends the workload once a second machine says it too, and both are named: ${failureClass}`, () => {
      const game = staffed(header(20), ['u1', 'u2', 'u3']);
      const first = game.fail('u1', failureClass, 'no earth', ['//earth.png']);
      expect(kindsOf(first)).to.deep.equal(['attempt-failed']);
      expect(game.session.state.phase).to.equal('running');
      const second = game.fail('u2', failureClass, 'no earth', ['//earth.png']);
      expect(kindsOf(second)).to.deep.equal(['attempt-failed', 'failed']);
      const names = failureClass === 'MISSING_ASSETS' ? ': //earth.png' : '';
      expect(game.session.state.ending).to.include({
        reason: failureClass,
        message: `no earth${names}; name of u1 and name of u2 say so`,
      });
    });

    it(`counts against itself once another completes a task: ${failureClass}`, () => {
      const game = staffed(header(20), ['liar', 'u2']);
      game.fail('liar', failureClass);
      const { entries } = game.complete('u2');
      expect(entries.at(-1)).to.deep.equal({
        kind: 'user-barred',
        user: 'liar',
        userName: 'name of liar',
        reason: `reported ${failureClass}, but name of u2 completed noop/2`,
      });
      expect(game.session.state.suspicions).to.deep.equal([]);
      expect(excluded(game)).to.deep.equal(['liar']);
    });

    it(`is only the failure of an attempt after a task was completed: ${failureClass}`, () => {
      const game = staffed(header(20), ['u1', 'u2', 'u3']);
      game.complete('u1');
      for (const id of ['u2', 'u3', 'u2', 'u3']) {
        expect(kindsOf(game.fail(id, failureClass))).to.deep.equal(['attempt-failed']);
      }
      expect(game.session.state).to.include({ phase: 'running' });
      expect(game.session.state.suspicions).to.deep.equal([]);
    });
  }

  it('is no reason to end by the same machine twice, and others get what it was given', () => {
    const game = staffed(header(20), ['u1', 'u2']);
    expect(game.held('u1').size).to.equal(2);
    const [, [second, ordinal] = ['', 0]] = [...game.held('u1')];
    game.fail('u1', 'SCENE_UNREADABLE');
    expect(excluded(game)).to.deep.equal(['u1']);
    expect(game.session.workers.byId.has('u1')).to.equal(false);
    const body = { ...failed('', 0).body, failureClass: 'SCENE_UNREADABLE' } as never;
    const again = game.input(reports('u1', [{ ...failed(second, ordinal), body }]));
    expect(kindsOf(again)).to.deep.equal(['attempt-failed']);
    expect(game.session.state.phase).to.equal('running');
    while (game.session.state.phase === 'running') {
      game.complete('u2');
    }
    expect(game.session.state.phase).to.equal('completed');
  });

  it('is confirmed by no other machine of the same owner as long as others may come', () => {
    const game = staffed(header(20), ['u1', 'u2'], { owner: 'ann' });
    game.fail('u1', 'SCENE_UNREADABLE', 'why');
    game.fail('u2', 'SCENE_UNREADABLE', 'why');
    expect(game.session.state.phase).to.equal('running');
    expect(excluded(game)).to.deep.equal(['u1', 'u2']);
    game.answersFor(32, [], 1);
    expect(game.session.state.phase).to.equal('running');
    game.answersFor(4, [], 0);
    expect(game.session.state.ending).to.include({ reason: 'SCENE_UNREADABLE' });
    expect(game.session.state.ending?.message).to.match(/; name of u1 and name of u2 say so$/);
  });

  it('does not end the workload together with another class, until four machines could not use the input', () => {
    const game = staffed(renderHeader('1-20'), ['u1', 'u2', 'u3', 'u4'], blender);
    game.fail('u1', 'SCENE_UNREADABLE');
    game.fail('u2', 'MISSING_ASSETS');
    game.fail('u3', 'PHYSICS_NOT_BAKED');
    expect(game.session.state.phase).to.equal('running');
    game.fail('u4', 'ENGINE_UNAVAILABLE', 'no LUXCORE', ['LUXCORE']);
    expect(game.session.state.ending?.message).to.equal(
      'no LUXCORE; name of u1 and name of u2 and name of u3 and name of u4 could not use the input',
    );
  });

  it('does not harm the machine itself if it completes a task after all', () => {
    const game = staffed(header(20), ['u1'], { slots: 2 });
    const [, [attempt, ordinal] = ['', 0]] = [...game.held('u1')];
    game.fail('u1', 'SCENE_UNREADABLE');
    const late = game.input(reports('u1', [completed(attempt, ordinal)]));
    expect(kindsOf(late)).to.deep.equal(['accepted']);
    expect(excluded(game)).to.deep.equal([]);
  });

  it('counts after 30 s in which no other machine was connected, and not before', () => {
    const game = staffed(header(20), ['u1']);
    game.fail('u1', 'MISSING_ASSETS', 'no earth');
    game.answersFor(28, [], 0);
    expect(game.session.state.phase).to.equal('running');
    game.answersFor(4, [], 0);
    expect(game.session.state.ending).to.include({
      reason: 'MISSING_ASSETS',
      message: 'no earth; only name of u1 says so, and no other machine was there to try it',
    });
  });

  it('waits for a machine that is connected and serves others, however long that takes', () => {
    const game = staffed(header(20), ['u1']);
    game.fail('u1', 'MISSING_ASSETS');
    game.answersFor(20, [], 0);
    game.answersFor(600, [], 1);
    game.answersFor(28, [], 0);
    expect(game.session.state.phase).to.equal('running');
  });

  it('waits while the workload is paused or the matcher does not answer', () => {
    const game = staffed(header(20), ['u1']);
    game.fail('u1', 'MISSING_ASSETS');
    game.input({ kind: 'command', ticket: 1, command: { kind: 'pause' } });
    game.answersFor(600, [], 0);
    game.input({ kind: 'command', ticket: 2, command: { kind: 'resume' } });
    game.pass(600_000);
    game.input(exchange([], { suitable: 0 }));
    expect(hasEnded(game.session.state)).to.equal(false);
  });

  it('is told to people with the machine and with what is waited for', () => {
    const game = staffed(header(20), ['u1']);
    game.fail('u1', 'MISSING_ASSETS', 'no earth.png');
    const around = { active: 0, entitled: 0, suitable: 0, connected: 1, exchangeError: '' };
    const [reason] = explain(game.session.state, 100, around as never);
    expect(reason).to.deep.equal({
      code: 'AWAITS_CONFIRMATION',
      message:
        'name of u1 says that the input cannot be used (MISSING_ASSETS): no earth.png; it waits for a second ' +
        'machine to confirm that; none is there now, and after 30 s its word counts',
    });
  });

  it('is forgotten with a retry', () => {
    const game = staffed(header(20), ['u1', 'u2']);
    game.fail('u1', 'MISSING_ASSETS');
    game.input({ kind: 'command', ticket: 1, command: { kind: 'retry', tasks: '' } });
    expect(excluded(game)).to.deep.equal([]);
    expect(kindsOf(game.fail('u2', 'MISSING_ASSETS'))).to.deep.equal(['attempt-failed']);
  });

  it('costs a repair of a completed workload no more than the budget of its task', () => {
    const game = staffed(header(1), ['u1']);
    game.complete('u1');
    game.input({ kind: 'close' });
    const damaged = [{ task: 'noop/0', generation: 0 }];
    game.session.state = reopeningEntries(
      game.session.state,
      { kind: 'repair', damaged, reason: 'missing' },
      undefined,
      'i-2',
    )!.reduce((state, entry) => fold(state, entry, { n: 9, at: 0 }), game.session.state);
    game.pass(10_000);
    game.join(['u1', 'u2', 'u3']);
    expect(kindsOf(game.fail('u1', 'SCENE_UNREADABLE'))).to.deep.equal(['attempt-failed']);
    expect(game.session.state).to.include({ phase: 'completed' });
  });

  it('is refuted by a picture only once the mesh has looked at it, and by none that it refuses', () => {
    const game = staffed(renderHeader('1-20'), ['u1', 'u2', 'u3'], blender);
    game.fail('u1', 'SCENE_UNREADABLE');
    const { task, generation, attempt } = game.first('u2');
    const who = { user: 'u2', userName: 'name of u2' };
    const made = { task, generation, attempt, ...who, reason: 'grey', contradicts: false };
    expect(kindsOf(game.complete('u2'))).to.deep.equal(['accepted']);
    expect(excluded(game)).to.deep.equal(['u1']);
    game.input({ kind: 'checked', verified: [], refused: [made] });
    expect(excluded(game)).to.deep.equal(['u1']);
    expect(kindsOf(game.completeSoundly('u3'))).to.deep.equal(['verified', 'user-barred']);
    expect(game.session.state.suspicions).to.deep.equal([]);
  });

  it('is confirmed by no engine that only the machine itself says it used', () => {
    const game = staffed(renderHeader('1-20'), ['liar', 'u2', 'u3'], blender);
    game.complete('liar', used('BLENDER_EEVEE'));
    game.fail('liar', 'ENGINE_UNAVAILABLE', 'no EEVEE', ['BLENDER_EEVEE']);
    expect(game.session.state.engine).to.equal('');
    game.completeSoundly('u2', used('CYCLES'));
    game.fail('u3', 'ENGINE_UNAVAILABLE', 'no EEVEE', ['BLENDER_EEVEE']);
    expect(game.session.state.engine).to.equal('');
  });
});

describe('a lost scene', () => {
  it('is looked for by the mesh, and no report of it ends the workload', () => {
    const game = staffed(header(20), ['u1', 'u2', 'u3']);
    for (const id of ['u1', 'u2', 'u3']) {
      const { effects, entries } = game.fail(id, 'SCENE_LOST');
      expect(entries.map(({ kind }) => kind)).to.deep.equal(['attempt-failed']);
      expect(effects).to.deep.include({ kind: 'check-scene', userName: `name of ${id}` });
    }
    expect(game.session.state).to.include({ phase: 'running' });
    expect(excluded(game)).to.deep.equal([]);
  });

  it('ends the workload once the mesh has not found it, also after tasks were completed', () => {
    const game = staffed(header(20), ['u1']);
    game.complete('u1');
    game.input({ kind: 'scene-lost', userName: 'alpha', what: 'a.blend is not stored any more' });
    expect(game.session.state.ending).to.include({
      reason: 'SCENE_LOST',
      message: 'a.blend is not stored any more; alpha could not get it, and the mesh looked itself',
    });
  });
});

describe('an engine that one machine names', () => {
  const play = (ids: string[], spec = {}): Game =>
    staffed(renderHeader('1-20', spec), ids, blender);
  const lacks = (game: Game, id: string, engine: string) =>
    game.fail(id, 'ENGINE_UNAVAILABLE', `${engine} does not work here`, [engine]);

  it('is asked for once a second machine names it too', () => {
    const game = play(['u1', 'u2']);
    lacks(game, 'u1', 'BLENDER_EEVEE');
    expect(game.session.state.engine).to.equal('');
    const { entries } = lacks(game, 'u2', 'BLENDER_EEVEE');
    expect(entries.at(-1)).to.include({ kind: 'engine-learnt', engine: 'BLENDER_EEVEE' });
    expect(game.session.state.engine).to.equal('BLENDER_EEVEE');
    expect(excluded(game)).to.deep.equal([]);
  });

  it('is asked for once a machine that has it completes a frame with it', () => {
    const game = play(['u1', 'u2']);
    lacks(game, 'u1', 'BLENDER_WORKBENCH');
    game.completeSoundly('u2', used('BLENDER_WORKBENCH'));
    expect(game.session.state.engine).to.equal('BLENDER_WORKBENCH');
    expect(excluded(game)).to.deep.equal([]);
  });

  it('is asked for after frames were completed only if they were made with it', () => {
    const game = play(['u1', 'u2', 'u3']);
    game.completeSoundly('u1', used('CYCLES'));
    lacks(game, 'u2', 'BLENDER_EEVEE');
    lacks(game, 'u3', 'BLENDER_EEVEE');
    expect(game.session.state.engine).to.equal('');
    lacks(game, 'u3', 'CYCLES');
    expect(game.session.state.engine).to.equal('CYCLES');
  });

  it('counts against the machine if another completes a frame with a different one', () => {
    const game = play(['liar', 'u2']);
    lacks(game, 'liar', 'BLENDER_EEVEE');
    game.completeSoundly('u2', used('CYCLES'));
    expect(game.session.state.engine).to.equal('');
    expect([...game.session.state.barred.keys()]).to.deep.equal(['liar']);
  });

  it('does not count if the customer chose one', () => {
    const game = play(['u1', 'u2'], { engine: 'CYCLES' });
    lacks(game, 'u1', 'BLENDER_EEVEE');
    lacks(game, 'u2', 'BLENDER_EEVEE');
    expect(game.session.state).to.include({ engine: 'CYCLES', phase: 'running' });
    expect(game.session.state.suspicions).to.deep.equal([]);
  });

  it('ends the workload, in place of a wait for ever, if the mesh does not know it and two machines name it', () => {
    const game = play(['u1', 'u2']);
    lacks(game, 'u1', 'LUXCORE');
    lacks(game, 'u2', 'LUXCORE');
    expect(game.session.state.ending).to.include({ reason: 'ENGINE_UNAVAILABLE' });
    expect(game.session.state.engine).to.equal('');
  });

  it('is asked for after 30 s without another machine', () => {
    const game = play(['u1']);
    lacks(game, 'u1', 'BLENDER_EEVEE');
    game.answersFor(32, [], 0);
    expect(game.session.state.engine).to.equal('BLENDER_EEVEE');
    game.input(exchange([user('u1', { ...blender, claim: 9 })], { suitable: 0 }));
    expect(game.session.state.phase).to.equal('running');
  });
});
