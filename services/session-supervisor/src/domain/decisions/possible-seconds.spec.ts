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
import type { Report } from './inputs.ts';

const claiming = (seconds: number): Partial<Report> => {
  const { body } = completed('', 0);
  return { body: { ...body, seconds } as Report['body'] };
};

describe('the seconds that a user says a task took', () => {
  const begun = () => {
    const game = play(header(3));
    game.input(exchange([user('u1')]));
    game.input(holdsNothing('u1'));
    const [[attempt, ordinal] = ['', 0]] = game.held('u1');
    return { game, report: (more: Partial<Report>) => completed(attempt, ordinal + 1, more) };
  };

  it('count as far as they are possible since it got the task, and the result says what was claimed', () => {
    const { game, report } = begun();
    game.pass(12_000);
    const { entries, effects } = game.input(reports('u1', [report(claiming(5_000))]));
    const result = entries.find(({ kind }) => kind === 'accepted');
    expect(result).to.deep.include({
      seconds: 13,
      notes: ['its machine said that it took 5000 s, and had it for 13 s at most'],
    });
    expect(game.session.state.nodeWork[0]?.seconds).to.equal(13);
    expect(effects).to.deep.include({
      kind: 'impossible',
      userId: 'u1',
      task: report({}).task,
      claimed: 5_000,
      possible: 13,
    });
  });

  it('count as they are where they are possible', () => {
    const { game, report } = begun();
    game.pass(12_000);
    const { entries } = game.input(reports('u1', [report(claiming(11.5))]));
    expect(entries.find(({ kind }) => kind === 'accepted')).to.deep.include({
      seconds: 11.5,
      notes: [],
    });
  });

  it('are not known to be impossible of a task that it got from a former owner', () => {
    const game = play(header(3));
    game.input(exchange([user('u1')]));
    const held = [{ task: 'noop/1', generation: 0, attempt: '0-7' }];
    game.input({ kind: 'user-held', user: 'u1', connection: 'c-u1', held });
    const { entries } = game.input(reports('u1', [completed('0-7', 1, claiming(5_000))]));
    expect(entries.find(({ kind }) => kind === 'accepted')).to.deep.include({ seconds: 5_000 });
  });
});
