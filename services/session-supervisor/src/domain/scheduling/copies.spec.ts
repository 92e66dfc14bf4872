import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  completed,
  exchange,
  header,
  holdsNothing,
  play,
  reports,
  user,
} from '../fixtures/workload.ts';
import { effectiveWanted } from './demand.ts';

/**
 * A session of three tasks near its end. `fast` has done one in two seconds and was given back; two other users hold one
 * each.
 */
const atTheEnd = () => {
  const game = play(header(3));
  const users = ['slow', 'fast', 'other'].map((id) => user(id));
  game.input(exchange(users));
  for (const { id } of users) {
    game.input(holdsNothing(id));
  }
  const only = (id: string): [attempt: string, task: number] => [...game.held(id)][0] ?? ['', -1];
  const finish = (id: string, seconds: number) => {
    const [attempt, task] = only(id);
    const report = completed(attempt, task);
    return game.input(reports(id, [{ ...report, body: { ...report.body, seconds } as never }]));
  };
  game.pass(2_000);
  finish('fast', 2);
  game.input({ kind: 'tick' });
  const left = users.filter(({ id }) => id !== 'fast');
  return { ...game, left, only, finish };
};

const wanted = ({ session }: ReturnType<typeof play>, now: number): number =>
  effectiveWanted({ ...session, now });

describe('a running task at the end', () => {
  it('is copied to an idle user as soon as the copy will probably win', () => {
    const game = atTheEnd();
    expect([...game.session.workers.byId.keys()], 'nobody idles for nothing').to.deep.equal([
      'slow',
      'other',
    ]);
    // Both running tasks are overdue by now.
    game.pass(14_000);
    expect(wanted(game, 16_000)).to.equal(4);
    game.input(exchange([...game.left, user('late')]));
    game.input(holdsNothing('late'));
    expect(game.only('late')[1]).to.equal(game.only('slow')[1]);
  });

  it('is copied at most once', () => {
    const game = atTheEnd();
    game.pass(14_000);
    const late = ['a', 'b', 'c', 'd'].map((id) => user(id));
    game.input(exchange([...game.left, ...late]));
    for (const { id } of late) {
      game.input(holdsNothing(id));
    }
    const holders = [...game.session.workers.holders.values()];
    expect(holders).to.deep.equal([2, 2]);
    expect(game.session.workers.byId.size).to.equal(4);
  });

  it('counts the first result; the other user must stop, and its result is a duplicate', () => {
    const game = atTheEnd();
    game.pass(14_000);
    game.input(exchange([...game.left, user('late')]));
    game.input(holdsNothing('late'));
    const [attempt, task] = game.only('slow');
    game.finish('late', 1);
    expect(game.held('slow').has(attempt)).to.equal(false);
    const { entries, effects } = game.input(reports('slow', [completed(attempt, task)]));
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['duplicate']);
    const outcomes = effects.flatMap((effect) =>
      effect.kind === 'outcomes' ? effect.outcomes : [],
    );
    expect(outcomes).to.deep.equal([{ reportId: 1, verdict: 'SETTLED', reason: 'DUPLICATE' }]);
  });

  it('goes on with the other user when one of the two vanishes', () => {
    const game = atTheEnd();
    game.pass(14_000);
    game.input(exchange([...game.left, user('late')]));
    game.input(holdsNothing('late'));
    const [, task] = game.only('slow');
    game.input({ kind: 'user-gone', user: 'slow', connection: 'c-slow', isClean: false });
    expect(game.only('late')[1]).to.equal(task);
    expect(game.session.workers.holders.get(task)).to.equal(1);
  });

  it('is not copied while no task has been measured', () => {
    const game = play(header(1));
    game.input(exchange([user('a'), user('b')]));
    for (const id of ['a', 'b']) {
      game.input(holdsNothing(id));
    }
    game.pass(60_000);
    game.input({ kind: 'tick' });
    expect(game.session.workers.byId.size).to.equal(1);
  });
});
