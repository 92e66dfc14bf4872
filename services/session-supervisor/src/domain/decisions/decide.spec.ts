import { expect } from 'chai';
import { describe, it } from 'mocha';
import { noWorkers } from '../scheduling/workers.ts';
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
import { countsOf, troubleOf } from '../state/workload.ts';

const kindsOf = (decision: { entries: { kind: string }[] }): string[] =>
  decision.entries.map(({ kind }) => kind);

const outcomesOf = (decision: { effects: { kind: string }[] }): unknown =>
  decision.effects.find(({ kind }) => kind === 'outcomes');

/** A session whose users are ready. */
const staffed = (tasks: number, users: string[], spec = {}) => {
  const game = play(header(tasks, spec));
  game.input(exchange(users.map((id) => user(id))));
  for (const id of users) {
    game.input(holdsNothing(id));
  }
  return game;
};

describe('decide', () => {
  it('asks a new user what it holds before it gives it work', () => {
    const game = play(header(10));
    game.input(exchange([user('u1')]));
    expect(game.held('u1').size).to.equal(0);
    expect([...game.session.workers.dirty]).to.deep.equal(['u1']);
    expect(kindsOf(game.input(holdsNothing('u1')))).to.deep.equal(['started']);
    expect([...game.held('u1').values()]).to.deep.equal([0, 1]);
  });

  it('assumes that a user holds nothing if it does not answer for 10 s', () => {
    const game = play(header(10));
    game.input(exchange([user('u1')]));
    game.pass(9_999);
    game.input({ kind: 'tick' });
    expect(game.held('u1').size).to.equal(0);
    game.pass(1);
    game.input({ kind: 'tick' });
    expect(game.held('u1').size).to.equal(2);
  });

  it('goes on with the attempts that a user says it holds', () => {
    const game = play(header(3));
    game.input(exchange([user('u1'), user('u2')]));
    game.input({
      kind: 'user-held',
      user: 'u1',
      connection: 'c-u1',
      held: [{ task: 'noop/0', generation: 0, attempt: '0-77' }],
    });
    game.input(holdsNothing('u2'));
    expect(game.held('u1').get('0-77')).to.equal(0);
    expect([...game.held('u2').values()]).to.not.include(0);
  });

  it('accepts the first result of a task and journals a second one as a duplicate', () => {
    const game = staffed(4, ['u1', 'u2']);
    const [first] = [...game.held('u1')];
    const [attempt, task] = first ?? ['', 0];
    const accepted = game.input(reports('u1', [completed(attempt, task)]));
    expect(kindsOf(accepted)).to.deep.equal(['accepted']);
    expect(outcomesOf(accepted)).to.deep.include({
      outcomes: [{ reportId: 1, verdict: 'ACCEPTED', reason: '' }],
    });
    const again = game.input(reports('u1', [completed(attempt, task)]));
    expect(kindsOf(again)).to.deep.equal([]);
    expect(outcomesOf(again)).to.deep.include({
      outcomes: [{ reportId: 1, verdict: 'SETTLED', reason: 'DUPLICATE' }],
    });
    expect(countsOf(game.session.state).completed).to.equal(1);
  });

  it('accepts a result of a former owner’s attempt, if the token is valid', () => {
    const game = play(header(2));
    const kinds = kindsOf(game.input(reports('u9', [completed('0-5', 1)])));
    expect(kinds).to.deep.equal(['started', 'accepted']);
  });

  it('settles a forged report without an entry', () => {
    const game = staffed(2, ['u1']);
    const decision = game.input(reports('u1', [completed('0-1', 0, { forgery: 'TOKEN_INVALID' })]));
    expect(kindsOf(decision)).to.deep.equal([]);
    expect(outcomesOf(decision)).to.deep.include({
      outcomes: [{ reportId: 1, verdict: 'SETTLED', reason: 'TOKEN_INVALID' }],
    });
  });

  it('defers a report ahead of the known generation, and settles one about an unknown task', () => {
    const game = staffed(2, ['u1']);
    const decision = game.input(
      reports('u1', [
        completed('0-1', 0, { generation: 1 }),
        completed('0-9', 99, { reportId: 2 }),
      ]),
    );
    expect(outcomesOf(decision)).to.deep.include({
      outcomes: [
        { reportId: 1, verdict: 'LATER', reason: 'GENERATION_AHEAD' },
        { reportId: 2, verdict: 'SETTLED', reason: 'TASK_UNKNOWN' },
      ],
    });
  });

  it('accepts nothing after a stop', () => {
    const game = staffed(4, ['u1']);
    const [first] = [...game.held('u1')];
    const stop = game.input({
      kind: 'command',
      ticket: 1,
      command: { kind: 'stop', deleteResults: false },
    });
    expect(kindsOf(stop)).to.deep.equal(['stopped']);
    expect(stop.effects.map(({ kind }) => kind)).to.deep.equal([
      'demand',
      'release',
      'ended',
      'answer',
    ]);
    const late = game.input(reports('u1', [completed(first?.[0] ?? '', first?.[1] ?? 0)]));
    expect(kindsOf(late)).to.deep.equal([]);
    expect(outcomesOf(late)).to.deep.include({
      outcomes: [{ reportId: 1, verdict: 'SETTLED', reason: 'WORKLOAD_ENDED' }],
    });
  });

  it('gives the tasks of a lost user to others at once', () => {
    const game = staffed(3, ['u1', 'u2']);
    const lost = [...game.held('u1').values()];
    game.input({ kind: 'user-gone', user: 'u1', connection: 'c-u1', isClean: false });
    const taken = (): number[] => [...game.held('u2').values()];
    while (taken().length > 0 && !lost.every((task) => taken().includes(task))) {
      const [attempt, task] = [...game.held('u2')].find(([, held]) => !lost.includes(held)) ?? [
        '',
        -1,
      ];
      if (task < 0) {
        break;
      }
      game.input(reports('u2', [completed(attempt, task)]));
    }
    expect(taken()).to.include.members(lost);
  });

  it('counts a loss only if the attempt had begun, and gives up a task that was lost too often', () => {
    const game = play(header(1, { maxLosses: 2 }));
    for (const id of ['u1', 'u2']) {
      game.input(exchange([user(id)]));
      game.input(holdsNothing(id));
      const [attempt] = [...game.held(id).keys()];
      const started = {
        reportId: 0,
        task: 'noop/0',
        generation: 0,
        attempt: attempt ?? '',
        body: { kind: 'started' } as const,
      };
      game.input(reports(id, [started]));
      game.input({ kind: 'user-gone', user: id, connection: `c-${id}`, isClean: false });
    }
    expect(game.session.state.phase).to.equal('failed');
    expect(game.session.state.ending?.reason).to.equal('FRAMES_FAILED');
    expect(game.session.state.ending?.message).to.include('lost 2 times');
  });

  it('does not count a goodbye as a loss', () => {
    const game = staffed(1, ['u1']);
    const decision = game.input({
      kind: 'user-gone',
      user: 'u1',
      connection: 'c-u1',
      isClean: true,
    });
    expect(kindsOf(decision)).to.deep.equal([]);
  });

  it('gives a task up after failures of three different users, and finishes the others', () => {
    const game = staffed(2, ['u1', 'u2', 'u3']);
    for (let round = 0; round < 20 && game.session.state.phase === 'running'; round += 1) {
      for (const id of ['u1', 'u2', 'u3']) {
        game.input(exchange(['u1', 'u2', 'u3'].map((each) => user(each, { claim: round + 2 }))));
        game.input(holdsNothing(id));
        const [first] = [...game.held(id)];
        if (first === undefined) {
          continue;
        }
        const [attempt, task] = first;
        game.input(reports(id, [task === 0 ? failed(attempt, task) : completed(attempt, task)]));
      }
    }
    const { state } = game.session;
    expect(countsOf(state)).to.deep.equal({ total: 2, completed: 1, failed: 1, remaining: 0 });
    expect(state.ending?.message).to.include('no light');
    expect(troubleOf(state, 0)?.failures.length).to.equal(3);
    expect(new Set(troubleOf(state, 0)?.failures.map((failure) => failure.user)).size).to.equal(3);
  });

  it('counts any three failures if fewer suitable users are connected', () => {
    const game = staffed(1, ['u1']);
    for (let i = 0; i < 3; i += 1) {
      const [attempt] = [...game.held('u1').keys()];
      game.input(reports('u1', [failed(attempt ?? '', 0)]));
    }
    expect(game.session.state.phase).to.equal('failed');
  });

  it('lets surplus users finish their begun tasks and gives them back', () => {
    const game = staffed(100, ['u1', 'u2']);
    const before = game.session.workers.byId.size;
    game.input({ kind: 'command', ticket: 1, command: { kind: 'set-wanted', wanted: 1 } });
    const leaving = [...game.session.workers.byId.values()].find(
      ({ phase }) => phase === 'leaving',
    );
    expect([before, game.session.workers.byId.size]).to.deep.equal([2, 2]);
    const [[attempt, held] = ['', undefined]] = [...(leaving?.attempts ?? [])];
    expect(leaving?.attempts.size).to.equal(1);
    const decision = game.input(
      reports(leaving?.id ?? '', [completed(attempt, held?.ordinal ?? 0)]),
    );
    expect(decision.effects.some(({ kind }) => kind === 'release')).to.equal(true);
    expect(game.session.workers.byId.size).to.equal(1);
  });

  it('hands nothing out while paused, counts running tasks, and goes on when resumed', () => {
    const game = staffed(10, ['u1']);
    game.input({ kind: 'command', ticket: 1, command: { kind: 'pause' } });
    const [[attempt, task] = ['', 0]] = [...game.held('u1')];
    expect(game.held('u1').size).to.equal(1);
    game.input(reports('u1', [completed(attempt, task)]));
    expect(countsOf(game.session.state).completed).to.equal(1);
    expect(game.session.workers.byId.size).to.equal(0);
    game.input({ kind: 'command', ticket: 2, command: { kind: 'resume' } });
    expect(game.session.state.phase).to.equal('running');
    game.input(exchange([user('u1', { claim: 2 })]));
    game.input(holdsNothing('u1'));
    expect(game.held('u1').size).to.be.above(0);
  });

  it('answers a repeated command without a second entry, and refuses its id for another command', () => {
    const game = staffed(10, ['u1']);
    const request = { requestId: 'r1', requestHash: 'h1' };
    const command = { kind: 'set-wanted', wanted: 3 } as const;
    expect(kindsOf(game.input({ kind: 'command', ticket: 1, command, request }))).to.deep.equal([
      'wanted-set',
    ]);
    expect(kindsOf(game.input({ kind: 'command', ticket: 2, command, request }))).to.deep.equal([]);
    const other = game.input({
      kind: 'command',
      ticket: 3,
      command: { kind: 'pause' },
      request: { requestId: 'r1', requestHash: 'h2' },
    });
    expect(other.effects).to.deep.equal([
      { kind: 'answer', ticket: 3, refusal: { reason: 'REQUEST_ID_REUSED', requestId: 'r1' } },
    ]);
  });

  it('holds back the tasks of a former owner’s users until all have answered', () => {
    const game = play(header(3));
    game.session.workers.reserved = new Set([0, 1]);
    game.session.workers.reservedUntil = 10_000;
    game.input(exchange([user('u1'), user('u2')]));
    game.input(holdsNothing('u1'));
    expect([...game.held('u1').values()]).to.deep.equal([2]);
    game.input({
      kind: 'user-held',
      user: 'u2',
      connection: 'c-u2',
      held: [
        { task: 'noop/0', generation: 0, attempt: '0-1' },
        { task: 'noop/1', generation: 0, attempt: '0-2' },
      ],
    });
    expect(game.session.workers.reserved).to.equal(undefined);
    expect([...game.held('u2').values()]).to.deep.equal([0, 1]);
  });

  it('hands out every task and completes the workload at any speeds, and no user idles while tasks wait', () => {
    const game = staffed(200, ['u1', 'u2', 'u3']);
    const seconds: Record<string, number> = { u1: 0.01, u2: 1, u3: 30 };
    let idle = 0;
    for (let step = 0; step < 5_000 && game.session.state.phase === 'running'; step += 1) {
      const id = step % 40 === 0 ? 'u3' : step % 5 === 0 ? 'u2' : 'u1';
      const [first] = [...game.held(id)];
      const waiting = countsOf(game.session.state).remaining - game.session.workers.holders.size;
      if (first === undefined) {
        if (waiting > 0) {
          idle += 1;
        }
        continue;
      }
      const report = completed(first[0], first[1]);
      game.input(
        reports(id, [{ ...report, body: { ...report.body, seconds: seconds[id] ?? 1 } as never }]),
      );
    }
    expect(game.session.state.phase).to.equal('completed');
    expect(idle).to.equal(0);
    expect(countsOf(game.session.state)).to.deep.equal({
      total: 200,
      completed: 200,
      failed: 0,
      remaining: 0,
    });
  });

  it('never changes the state that it was given', () => {
    const game = staffed(5, ['u1']);
    const { state } = game.session;
    const before = countsOf(state);
    const [[attempt, task] = ['', 0]] = [...game.held('u1')];
    game.input(reports('u1', [completed(attempt, task)]));
    expect(countsOf(state)).to.deep.equal(before);
    expect(noWorkers(game.session.workers.queue).byId.size).to.equal(0);
  });
});
