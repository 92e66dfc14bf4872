import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Decision } from './decision.ts';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import { explain } from '../scheduling/explain.ts';
import {
  completed,
  exchange,
  failed,
  header,
  holdsNothing,
  play,
  renderHeader,
  reports,
  user,
} from '../fixtures/workload.ts';
import { foldDocument } from '../state/fold.ts';
import { reopeningEntries } from './reopen.ts';
import { freeze, thaw } from '../state/snapshot.ts';
import {
  begin,
  countsOf,
  generationOf,
  hasEnded,
  isOver,
  readyCount,
  troubleOf,
} from '../state/workload.ts';

const kindsOf = ({ entries }: Decision): string[] => entries.map(({ kind }) => kind);
const outcomeOf = ({ effects }: Decision): unknown =>
  effects.flatMap((effect) => (effect.kind === 'outcomes' ? effect.outcomes : []))[0];

/** A session whose users are ready. */
const staffed = (tasks: number, users: string[], spec = {}) => {
  const game = play(header(tasks, spec));
  const connect = (): void => {
    game.input(exchange(users.map((id) => user(id))));
    for (const id of users) {
      game.input(holdsNothing(id));
    }
  };
  connect();
  const command = (of: Parameters<typeof play>[0] extends never ? never : object): Decision =>
    game.input({ kind: 'command', ticket: 1, command: of as never });
  /** The user's first attempt, with its task and generation. */
  const first = (id: string) => {
    const [[attempt, { ordinal, generation }] = ['', { ordinal: 0, generation: 0 }]] =
      game.session.workers.byId.get(id)?.attempts ?? [];
    return { attempt, ordinal, generation };
  };
  const finish = (id: string): Decision => {
    const { attempt, ordinal, generation } = first(id);
    return game.input(reports(id, [completed(attempt, ordinal, { generation })]));
  };
  const fail = (id: string, failureClass: FailureClassName = 'RENDER_ERROR'): Decision => {
    const { attempt, ordinal, generation } = first(id);
    const report = failed(attempt, ordinal);
    return game.input(
      reports(id, [{ ...report, generation, body: { ...report.body, failureClass } as never }]),
    );
  };
  /** Reopens a closed workload as the shell does. */
  const reopen = (of: object): void => {
    const { state } = game.session;
    const entries = reopeningEntries(state, of as never, undefined, 'i-2') ?? [];
    game.session.state = foldDocument(state, {
      n: state.position + 1,
      at: new Date(2_000),
      entries,
    });
    game.session.workers.givenBack.clear();
    for (let task = 0; task < tasks; task += 1) {
      game.session.workers.queue.giveBack(task);
    }
  };
  return { ...game, connect, command, first, finish, fail, reopen };
};

describe('a retry', () => {
  it('has tasks done again with a new generation, and settles reports of the old one', () => {
    const game = staffed(3, ['u1']);
    game.finish('u1');
    expect(kindsOf(game.command({ kind: 'retry', tasks: '0' }))).to.deep.equal(['retried']);
    const { state } = game.session;
    expect(countsOf(state)).to.include({ completed: 0, remaining: 3 });
    expect([0, 1, 2].map((task) => generationOf(state, task))).to.deep.equal([1, 0, 0]);
    expect(outcomeOf(game.input(reports('u1', [completed('0-1', 0)])))).to.include({
      reason: 'OUTDATED_GENERATION',
    });
    expect(
      outcomeOf(game.input(reports('u1', [completed('9-1', 0, { generation: 2 })]))),
    ).to.include({
      verdict: 'LATER',
    });
    const again = game.input(reports('u1', [completed('0-9', 0, { generation: 1 })]));
    expect(again.entries).to.deep.include.members([
      { ...again.entries[0], kind: 'accepted', generation: 1 },
    ]);
    expect(countsOf(game.session.state).completed).to.equal(1);
  });

  it('forgets failures of tasks, and keeps their running attempts', () => {
    const game = staffed(3, ['u1', 'u2']);
    game.fail('u1');
    const held = game.first('u2');
    game.command({ kind: 'retry', tasks: '0-2' });
    expect(troubleOf(game.session.state, 0)).to.equal(undefined);
    expect(game.first('u2')).to.deep.equal(held);
    expect(generationOf(game.session.state, held.ordinal)).to.equal(0);
  });

  it('means all tasks that were given up if it names none', () => {
    const game = staffed(10, ['u1'], { maxFailures: 1 });
    game.fail('u1');
    game.fail('u1');
    expect(countsOf(game.session.state).failed).to.equal(2);
    game.command({ kind: 'retry', tasks: '' });
    expect(countsOf(game.session.state)).to.include({ failed: 0, remaining: 10 });
    expect(generationOf(game.session.state, 0)).to.equal(1);
  });

  it('reopens an ended workload, with a new generation for all undecided tasks', () => {
    const game = staffed(3, ['u1']);
    game.finish('u1');
    game.command({ kind: 'stop', deleteResults: false });
    game.input({ kind: 'close' });
    game.reopen({ kind: 'retry', tasks: '0' });
    const { state } = game.session;
    expect(state).to.include({ phase: 'running', closed: false, owner: 'i-2' });
    expect(state.ending).to.equal(undefined);
    expect([0, 1, 2].map((task) => generationOf(state, task))).to.deep.equal([1, 1, 1]);
    game.connect();
    for (let i = 0; i < 3; i += 1) {
      game.finish('u1');
    }
    expect(hasEnded(game.session.state)).to.equal(true);
    expect(game.session.state.phase).to.equal('completed');
  });

  it('of an ended workload is left to the reopening', () => {
    const game = staffed(1, ['u1']);
    game.finish('u1');
    const { effects, entries } = game.command({ kind: 'retry', tasks: '0' });
    expect(entries).to.deep.equal([]);
    expect(effects).to.deep.include({ kind: 'answer', ticket: 1, refusal: { reason: 'LET_GO' } });
  });

  it('is refused once the results are to be removed', () => {
    const game = staffed(2, ['u1']);
    game.command({ kind: 'stop', deleteResults: true });
    const { effects } = game.command({ kind: 'retry', tasks: '0' });
    expect(effects).to.deep.include({
      kind: 'answer',
      ticket: 1,
      refusal: { reason: 'RESULTS_DELETED' },
    });
  });

  it('survives a snapshot', () => {
    const game = staffed(5, ['u1', 'u2']);
    game.finish('u1');
    game.fail('u2');
    game.command({ kind: 'retry', tasks: '0' });
    game.command({
      kind: 'repair',
      damaged: [{ task: 'noop/0', generation: 0 }],
      reason: 'missing',
    });
    const { state } = game.session;
    expect(thaw(JSON.parse(JSON.stringify(freeze(state))), begin(state.header))).to.deep.equal(
      state,
    );
  });
});

describe('a repair', () => {
  const ended = () => {
    const game = staffed(2, ['u1']);
    game.finish('u1');
    game.finish('u1');
    game.input({ kind: 'close' });
    expect(game.session.state).to.include({ phase: 'completed', closed: true });
    return game;
  };

  it('makes a result of a completed workload again, which keeps its state and closes again', () => {
    const game = ended();
    game.reopen({
      kind: 'repair',
      damaged: [{ task: 'noop/1', generation: 0 }],
      reason: 'missing',
    });
    expect(game.session.state).to.include({ phase: 'completed', closed: false });
    expect(isOver(game.session.state)).to.equal(false);
    expect(readyCount(game.session.state)).to.equal(1);
    expect(explain(game.session.state, 10, undefined)[0]?.code).to.equal('UNDER_REPAIR');
    game.connect();
    expect(game.first('u1')).to.include({ ordinal: 1, generation: 1 });
    const decision = game.finish('u1');
    expect(kindsOf(decision)).to.deep.equal(['accepted']);
    expect(decision.effects.map(({ kind }) => kind)).to.include('ended');
    expect(isOver(game.session.state)).to.equal(true);
    expect(countsOf(game.session.state).completed).to.equal(2);
  });

  it('is made even if 0 users are wanted', () => {
    const game = ended();
    game.session.state = { ...game.session.state, wanted: 0 };
    game.reopen({
      kind: 'repair',
      damaged: [{ task: 'noop/1', generation: 0 }],
      reason: 'missing',
    });
    game.connect();
    expect(game.first('u1')).to.include({ ordinal: 1, generation: 1 });
  });

  it('accepts no results of other tasks of an ended workload', () => {
    const game = ended();
    game.reopen({
      kind: 'repair',
      damaged: [{ task: 'noop/1', generation: 0 }],
      reason: 'missing',
    });
    expect(outcomeOf(game.input(reports('u1', [completed('0-9', 0)])))).to.include({
      reason: 'WORKLOAD_ENDED',
    });
  });

  it('that cannot be done leaves the workload failed', () => {
    const game = ended();
    game.reopen({
      kind: 'repair',
      damaged: [{ task: 'noop/1', generation: 0 }],
      reason: 'missing',
    });
    game.connect();
    game.input({ kind: 'scene-lost', userName: 'u1', what: 'it is not stored any more' });
    expect(game.session.state).to.include({ phase: 'failed' });
    expect(isOver(game.session.state)).to.equal(true);
  });

  it('is not made of a finding that is older than a retry', () => {
    const game = staffed(3, ['u1']);
    game.finish('u1');
    game.command({ kind: 'retry', tasks: '0' });
    const damaged = [{ task: 'noop/0', generation: 0 }];
    expect(kindsOf(game.command({ kind: 'repair', damaged, reason: 'missing' }))).to.deep.equal([]);
  });

  it('of a workload that is then stopped ends with it', () => {
    const game = staffed(3, ['u1']);
    game.finish('u1');
    game.command({
      kind: 'repair',
      damaged: [{ task: 'noop/0', generation: 0 }],
      reason: 'missing',
    });
    expect(isOver(game.session.state)).to.equal(false);
    game.command({ kind: 'stop', deleteResults: false });
    expect(isOver(game.session.state)).to.equal(true);
  });
});

describe('a user', () => {
  it('is barred once three tasks that it failed were completed by others, until a retry', () => {
    const game = staffed(20, ['bad', 'good']);
    for (let i = 0; i < 3; i += 1) {
      const { ordinal } = game.first('bad');
      game.fail('bad');
      const kinds = kindsOf(game.input(reports('good', [completed(`0-${i + 90}`, ordinal)])));
      expect(kinds.includes('user-barred')).to.equal(i === 2);
    }
    game.input({ kind: 'tick' });
    for (let i = 0; i < 3; i += 1) {
      game.finish('bad');
    }
    expect(game.session.workers.byId.has('bad')).to.equal(false);
    const saved = thaw(freeze(game.session.state), game.session.state);
    for (const state of [game.session.state, saved]) {
      const barred = explain(state, 10, undefined).find(({ code }) => code === 'USERS_BARRED');
      expect(barred?.message).to.match(/until a retry: name of bad$/);
    }
    game.command({ kind: 'retry', tasks: '' });
    expect(game.session.state.barred.size).to.equal(0);
  });

  it('with more memory gets a task for which another had too little', () => {
    const game = play(header(1));
    const small = user('small', { memoryBytes: 10 });
    game.input(exchange([small], { suitable: 3 }));
    game.input(holdsNothing('small'));
    const [[attempt] = ['']] = game.held('small');
    const report = failed(attempt, 0);
    const body = { ...report.body, failureClass: 'OUT_OF_MEMORY' } as never;
    game.input(reports('small', [{ ...report, body }]));
    game.input(
      exchange([small, user('equal', { memoryBytes: 10 }), user('large', { memoryBytes: 20 })]),
    );
    game.input(holdsNothing('equal'));
    expect(game.held('equal').size).to.equal(0);
    game.input(holdsNothing('large'));
    expect(game.held('large').size).to.equal(1);
  });

  it('with a larger graphics card gets a task that needs one, whatever memory its machine has', () => {
    const withCard = (id: string, cardBytes: number, memoryBytes: number) => {
      const devices = [{ memoryBytes: cardBytes }];
      return user(id, { memoryBytes, engines: [{ name: 'CYCLES', version: '5.0.1', devices }] });
    };
    const game = play(renderHeader('1', { device: 'gpu' }));
    game.input(exchange([withCard('small', 8, 10)], { suitable: 3 }));
    game.input(holdsNothing('small'));
    const [[attempt] = ['']] = game.held('small');
    const report = failed(attempt, 0);
    const body = { ...report.body, failureClass: 'OUT_OF_MEMORY' } as never;
    game.input(reports('small', [{ ...report, task: 'frames/1', body }]));
    game.input(
      exchange([withCard('small', 8, 10), withCard('equal', 8, 99), withCard('large', 16, 10)]),
    );
    game.input(holdsNothing('equal'));
    expect(game.held('equal').size).to.equal(0);
    game.input(holdsNothing('large'));
    expect(game.held('large').size).to.equal(1);
  });
});

describe('a workload with many failures', () => {
  it('pauses itself with the fifth failed task over a tenth, says why, and goes on when told to', () => {
    const game = staffed(40, ['u1'], { maxFailures: 1 });
    for (let i = 0; i < 4; i += 1) {
      expect(kindsOf(game.fail('u1'))).to.not.include('paused');
    }
    expect(kindsOf(game.fail('u1'))).to.include('paused');
    expect(explain(game.session.state, 10, undefined)[0]?.message).to.match(
      /5 of 40 tasks failed.*no light/,
    );
    game.command({ kind: 'resume' });
    expect(game.session.state.phase).to.equal('running');
    expect(game.held('u1').size).to.be.above(0);
    expect(kindsOf(game.fail('u1'))).to.not.include('paused');
  });

  it('goes on with users that finished all of their work before the resume', () => {
    const game = staffed(40, ['u1'], { maxFailures: 1 });
    for (let i = 0; i < 5; i += 1) {
      game.fail('u1');
    }
    for (let i = 0; i < 40 && game.held('u1').size > 0; i += 1) {
      game.finish('u1');
    }
    expect(game.held('u1').size).to.equal(0);
    game.command({ kind: 'resume' });
    expect(game.held('u1').size).to.be.above(0);
  });

  it('does not pause for few failures among many tasks', () => {
    const game = staffed(60, ['u1'], { maxFailures: 1 });
    for (let i = 0; i < 6; i += 1) {
      expect(kindsOf(game.fail('u1'))).to.not.include('paused');
    }
    expect(kindsOf(game.fail('u1'))).to.include('paused');
  });

  it('goes on after a retry, but not if a person paused it', () => {
    const game = staffed(40, ['u1'], { maxFailures: 1 });
    for (let i = 0; i < 5; i += 1) {
      game.fail('u1');
    }
    game.command({ kind: 'retry', tasks: '' });
    expect(game.session.state).to.include({ phase: 'running', pausedBecause: '' });
    game.command({ kind: 'pause' });
    game.command({ kind: 'retry', tasks: '' });
    expect(game.session.state.phase).to.equal('paused');
  });
});
