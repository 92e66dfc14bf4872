import { expect } from 'chai';
import { describe, it } from 'mocha';
import { kindsOf, staffed } from '../fixtures/staffed.ts';
import { completed, exchange, failed, header, play, reports, user } from '../fixtures/workload.ts';

describe('endings', () => {
  it('completes with the last result and releases all users', () => {
    const game = staffed(header(1), ['u1']);
    const decision = game.input(
      reports(
        'u1',
        [...game.held('u1')].map(([id, task]) => completed(id, task)),
      ),
    );
    expect(kindsOf(decision)).to.deep.equal(['accepted', 'completed']);
    expect(decision.effects.map(({ kind }) => kind)).to.have.members([
      'outcomes',
      'demand',
      'release',
      'ended',
    ]);
    expect(game.session.workers.byId.size).to.equal(0);
  });

  it('completes even if another user still works on the last task', () => {
    const game = staffed(header(1), ['u1', 'u2']);
    const decision = game.input(reports('u2', [completed('0-99', 0)]));
    expect(kindsOf(decision)).to.deep.equal(['accepted', 'completed']);
  });

  it('ends when the matcher says that the last user is gone with a task that is thereby given up', () => {
    const game = staffed(header(1, { maxLosses: 1 }), ['u1']);
    const [attempt = ''] = game.held('u1').keys();
    game.input(
      reports('u1', [{ ...completed(attempt, 0), reportId: 0, body: { kind: 'started' } }]),
    );
    const gone = game.input(exchange([], { asked: new Map([['c-u1', 1]]) }));
    expect(kindsOf(gone)).to.deep.equal(['attempt-lost', 'task-failed', 'failed']);
  });

  it('counts at most one attempt for each slot of a user as begun', () => {
    const game = play(header(4, { maxLosses: 1 }));
    game.input(exchange([user('u1')]));
    const held = [0, 1, 2].map((i) => ({ task: `noop/${i}`, generation: 0, attempt: `0-${i}` }));
    game.input({ kind: 'user-held', user: 'u1', connection: 'c-u1', held });
    const gone = game.input({ kind: 'user-gone', user: 'u1', connection: 'c-u1', isClean: false });
    expect(kindsOf(gone)).to.deep.equal(['attempt-lost', 'task-failed']);
  });

  it('fails and names the tasks that were given up, with the reason of the first', () => {
    const game = staffed(header(30, { maxFailures: 1 }), ['u1']);
    for (let failures = 0; failures < 30; failures += 1) {
      if (game.session.state.phase === 'paused') {
        game.input({ kind: 'command', ticket: 1, command: { kind: 'resume' } });
      }
      game.fail('u1', 'RENDER_ERROR', 'no light');
    }
    expect(game.session.state.ending).to.deep.include({
      reason: 'FRAMES_FAILED',
      message: '30 of 30 failed: 0-29; the first: RENDER_ERROR: no light',
    });
  });

  it('takes three times the budget of failures before it gives a task up that no other user will try', () => {
    const game = staffed(header(1), ['u1']);
    const others = { suitable: 5 };
    let failures = 0;
    for (; game.session.state.phase === 'running' && failures < 50; failures += 1) {
      game.input(
        exchange([user('u1', { claim: failures + 2, connection: `c${failures}` })], others),
      );
      game.input({ kind: 'user-held', user: 'u1', connection: `c${failures}`, held: [] });
      const report = failed(`0-${failures + 500}`, 0);
      game.input(reports('u1', [report]));
    }
    expect(failures).to.equal(9);
  });

  it('lets a machine rest after a failure of its own, and does not count it against the task', () => {
    const game = staffed(header(3, { maxFailures: 1 }), ['u1']);
    expect(kindsOf(game.fail('u1', 'AGENT_ERROR'))).to.deep.equal(['attempt-failed']);
    const before = game.held('u1').size;
    game.input({ kind: 'user-idle', user: 'u1', connection: 'c-u1' });
    expect(game.held('u1').size).to.equal(before);
    game.pass(10_000);
    game.input({ kind: 'tick' });
    expect(game.held('u1').size).to.be.above(before);
  });

  it('keeps its message within 2,000 characters', () => {
    const game = staffed(header(2), ['u1', 'u2']);
    const names = Array.from({ length: 100 }, () => 'x'.repeat(100));
    game.fail('u1', 'MISSING_ASSETS', 'gone', names);
    game.fail('u2', 'MISSING_ASSETS', 'gone', names);
    expect(game.session.state.ending?.message).to.match(/x; name of u1 and name of u2 say so$/);
    expect(game.session.state.ending?.message.length).to.be.at.most(2_000);
  });
});
