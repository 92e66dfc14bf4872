import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  exchange,
  failed,
  header,
  holdsNothing,
  play,
  reports,
  user,
} from '../fixtures/workload.ts';

const releasedBy = (decision: {
  effects: { kind: string; user?: { id: string } }[];
}): (string | undefined)[] =>
  decision.effects.flatMap((effect) => (effect.kind === 'release' ? [effect.user?.id] : []));

describe('a message of the matcher that crosses another one', () => {
  it('keeps users that arrive before the share that includes them', () => {
    const game = play({ ...header(10), wanted: 2 });
    game.input(exchange([user('u1')], { entitled: 1 }));
    const came = game.input({ kind: 'new-users', users: [user('u2')] });
    expect(releasedBy(came)).to.deep.equal([]);
    expect([...game.session.workers.byId.keys()]).to.deep.equal(['u1', 'u2']);
  });

  it('still gives back users that the next answer does not allow', () => {
    const game = play({ ...header(10), wanted: 2 });
    game.input(exchange([user('u1')], { entitled: 1 }));
    game.input({ kind: 'new-users', users: [user('u2')] });
    const answer = game.input(exchange([user('u1'), user('u2')], { entitled: 1 }));
    expect(releasedBy(answer)).to.deep.equal(['u2']);
  });

  it('keeps a user that was claimed again after the demand was stated', () => {
    const game = play(header(10));
    game.input(exchange([user('u1', { claim: 2 })]));
    game.input(exchange([], { asked: new Map([['c-u1', 1]]) }));
    expect([...game.session.workers.byId.keys()]).to.deep.equal(['u1']);
    game.input(exchange([], { asked: new Map([['c-u1', 2]]) }));
    expect([...game.session.workers.byId.keys()]).to.deep.equal([]);
  });

  it('does not accept a user that it just gave back, but does if the release was lost', () => {
    const game = play({ ...header(10), wanted: 1 });
    game.input(exchange([user('u1')]));
    game.input(holdsNothing('u1'));
    const drained = game.input({ kind: 'new-users', users: [user('u1', { drain: 'now' })] });
    expect(releasedBy(drained)).to.deep.equal(['u1']);
    game.input(exchange([user('u1')]));
    expect(game.session.workers.byId.size).to.equal(0);
    game.input(exchange([user('u1', { claim: 2 })]));
    expect(game.session.workers.byId.get('u1')?.claim).to.equal(2);

    game.input({ kind: 'new-users', users: [user('u1', { claim: 2, drain: 'now' })] });
    game.pass(3_000);
    game.input(exchange([user('u1', { claim: 2 })]));
    expect(game.session.workers.byId.size).to.equal(1);
  });
});

describe('a failure that is reported twice', () => {
  it('leaves its task to others, even if its user said in between that it still holds it', () => {
    const game = play(header(1));
    game.input(exchange([user('u1'), user('u2')], { suitable: 5 }));
    game.input(holdsNothing('u1'));
    const [attempt = ''] = game.held('u1').keys();
    game.input(reports('u1', [failed(attempt, 0)]));
    game.input({ kind: 'user-gone', user: 'u1', connection: 'c-u1', isClean: false });
    game.input(exchange([user('u1', { connection: 'c-again', claim: 2 })], { suitable: 5 }));
    const held = [{ task: 'noop/0', generation: 0, attempt }];
    game.input({ kind: 'user-held', user: 'u1', connection: 'c-again', held });
    // A user asks for work meanwhile, but the task does not wait.
    game.input(
      exchange([user('u1', { connection: 'c-again', claim: 2 }), user('u3')], { suitable: 5 }),
    );
    game.input(holdsNothing('u3'));
    game.input(reports('u1', [failed(attempt, 0)]));
    expect([...game.held('u3').values()]).to.deep.equal([0]);
  });
});

describe('a failure whose report overtakes the word that its user holds it', () => {
  it('leaves its task to others', () => {
    const game = play(header(1));
    game.input(exchange([user('u1')], { suitable: 5 }));
    game.input(reports('u1', [failed('0-1', 0)]));
    const held = [{ task: 'noop/0', generation: 0, attempt: '0-1' }];
    game.input({ kind: 'user-held', user: 'u1', connection: 'c-u1', held });
    expect([...game.held('u1')]).to.deep.equal([]);
    game.input(exchange([user('u1'), user('u2')], { suitable: 5 }));
    game.input(holdsNothing('u2'));
    expect([...game.held('u2').values()]).to.deep.equal([0]);
  });
});
