import { expect } from 'chai';
import { describe, it } from 'mocha';
import { exchange, holdsNothing, play, renderHeader, reports, user } from '../fixtures/workload.ts';
import { taskKey } from '../graph/task-graph.ts';
import { freeze, thaw } from '../state/snapshot.ts';
import { begin, countsOf, verifiedCount, type WorkloadState } from '../state/workload.ts';
import type { AcceptedResult } from '../state/entries.ts';
import type { Report } from './inputs.ts';

/** Frames that users of several owners render. What each makes is told by its pixel hash. */
const lookGame = (frames: string, owners: Record<string, string>, good = 0) => {
  const game = play(renderHeader(frames));
  const state = (): WorkloadState => game.session.state;
  let claim = 0;
  const gather = (): void => {
    claim += 1;
    const engines = [{ name: 'CYCLES', version: '3.4.1', devices: [] }];
    const more = { engines, claim, slots: 4, goodLooks: good };
    const users = Object.entries(owners).map(([id, owner]) => user(id, { ...more, owner }));
    game.input(exchange(users));
    users.forEach(({ id }) => game.input(holdsNothing(id)));
  };
  gather();
  const heldBy = (id: string) =>
    [...(game.session.workers.byId.get(id)?.attempts ?? [])].map(([attempt, one]) => ({
      attempt,
      generation: one.generation,
      task: taskKey(state().graph, one.ordinal),
    }));
  const complete = (id: string, task: string, pixelHash: string): AcceptedResult => {
    const held = heldBy(id).find((each) => each.task === task);
    if (held === undefined) {
      throw new Error(`${id} does not hold ${task}`);
    }
    const made = {
      seconds: 1,
      blob: `${id} ${task}`,
      sha256: '',
      sizeBytes: 1,
      pixelHash,
      notes: [],
    };
    const body: Report['body'] = { kind: 'completed', ...made };
    game.input(reports(id, [{ reportId: 1, ...held, body }]));
    return { ...held, ...made, user: id, userName: `name of ${id}` };
  };
  /** The mesh has looked at it: the picture is what was reported. */
  const check = (result: AcceptedResult, chance = 0) => {
    const ordinal = [...state().looks.keys()].find(
      (each) => taskKey(state().graph, each) === result.task,
    );
    const votes = (ordinal === undefined ? undefined : state().looks.get(ordinal)) ?? [];
    const alike = votes
      .filter(({ pixelHash }) => pixelHash === result.pixelHash)
      .map(({ attempt }) => attempt);
    const { task, generation } = result;
    const verified = [{ task, generation, look: { result, chance, alike } }];
    return game.input({ kind: 'checked', verified, refused: [] });
  };
  const holderOf = (task: string): string =>
    Object.keys(owners).find((id) => heldBy(id).some((each) => each.task === task)) ?? 'nobody';
  return { ...game, state, gather, heldBy, holderOf, complete, check };
};

describe('a second look', () => {
  it('has a frame made again by another owner, and confirms it if it comes out the same', () => {
    const game = lookGame('1', { u1: 'ann', u2: 'ann', u3: 'bob' });
    const first = game.complete(game.holderOf('frames/1'), 'frames/1', 'right');
    expect(game.check(first).entries.map(({ kind }) => kind)).to.deep.equal(['look-wanted']);
    expect(countsOf(game.state())).to.include({ completed: 1, remaining: 0 });
    expect(verifiedCount(game.state())).to.equal(0);
    expect(game.state().phase).to.equal('running');
    expect(thaw(freeze(game.state()), begin(game.state().header))).to.deep.equal(game.state());
    game.gather();
    const second = game.holderOf('frames/1');
    expect([first.user, second]).to.include('u3');
    const { entries } = game.check(game.complete(second, 'frames/1', 'right'));
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['looked', 'verified', 'completed']);
    expect([...game.state().goodLooks.keys()]).to.have.members([first.user, second]);
  });

  it('is wanted as often as the reputation says, and of nobody where one owner has all machines', () => {
    const known = lookGame('1', { u1: 'ann', u3: 'bob' }, 50);
    const first = known.complete(known.holderOf('frames/1'), 'frames/1', 'right');
    expect(known.check(first, 0.02).entries[0]?.kind).to.equal('verified');
    const alone = lookGame('1', { u1: 'ann', u2: 'ann' });
    const only = alone.complete(alone.holderOf('frames/1'), 'frames/1', 'right');
    expect(alone.check(only).entries[0]?.kind).to.equal('verified');
  });

  it('that finds something else asks a third owner, who decides which of the two lied', () => {
    const owners = { u1: 'ann', u2: 'bob', u3: 'cid' };
    const game = lookGame('1-3', owners);
    const liar = game.holderOf('frames/1');
    const other = game.complete(liar, 'frames/2', 'wrong 2');
    game.check(other, 1);
    game.check(game.complete(liar, 'frames/1', 'wrong 1'));
    game.gather();
    const second = game.holderOf('frames/1');
    expect(second).not.to.equal(liar);
    const differs = game.check(game.complete(second, 'frames/1', 'right 1'));
    expect(differs.entries.map(({ kind }) => kind)).to.deep.equal(['look-wanted']);
    expect(game.state().barred.size).to.equal(0);
    game.gather();
    const third = game.holderOf('frames/1');
    expect([liar, second]).not.to.include(third);
    const { entries, effects } = game.check(game.complete(third, 'frames/1', 'right 1'));
    expect(entries.map(({ kind }) => kind)).to.deep.equal([
      'looked',
      'user-distrusted',
      'verified',
    ]);
    expect(entries[1]).to.include({ user: liar, tasks: '2' });
    expect([...game.state().barred.keys()]).to.deep.equal([liar]);
    expect(game.state().refused[0]).to.include({ id: liar, task: 'frames/1', results: 2 });
    const told = effects.find(({ kind }) => kind === 'looked');
    expect(told).to.deep.include({ right: [second, third] });
    game.gather();
    expect(game.holderOf('frames/2')).not.to.equal(liar);
  });

  it('in another workload that catches a machine has all that it made here made again', () => {
    const owners = { u1: 'ann', u2: 'bob' };
    const game = lookGame('1-3', owners, 50);
    const liar = game.holderOf('frames/1');
    const first = game.complete(liar, 'frames/1', 'wrong 1');
    game.check(first, 1);
    const barred = [{ user: liar, reason: 'others agree on another picture' }];
    const caught = game.input(exchange([], { barred }));
    expect(caught.entries).to.deep.equal([
      {
        kind: 'user-distrusted',
        user: liar,
        userName: `name of ${liar}`,
        task: 'frames/1',
        reason: 'in another workload: others agree on another picture',
        tasks: '1',
      },
    ]);
    expect(verifiedCount(game.state())).to.equal(0);
    expect([...game.state().barred.keys()]).to.deep.equal([liar]);
    expect(game.input(exchange([], { barred })).entries).to.deep.equal([]);
    game.gather();
    expect(game.holderOf('frames/1')).not.to.equal(liar);
  });

  it('in another workload changes nothing where the machine made nothing', () => {
    const game = lookGame('1-3', { u1: 'ann', u2: 'bob' });
    const barred = [{ user: 'u9', reason: 'others agree on another picture' }];
    expect(game.input(exchange([], { barred })).entries).to.deep.equal([]);
  });

  it('that nobody else can make ends after a minute, and does not cost the frame', () => {
    const game = lookGame('1', { u1: 'ann', u2: 'bob' });
    const maker = game.holderOf('frames/1');
    game.check(game.complete(maker, 'frames/1', 'right'));
    game.gather();
    const other = game.holderOf('frames/1');
    expect(other).not.to.equal(maker);
    const [held] = game.heldBy(other);
    const failure = { failureClass: 'RENDER_ERROR', reason: 'no light' } as const;
    const body: Report['body'] = { kind: 'failed', ...failure, seconds: 1, log: '', names: [] };
    game.input(reports(other, [{ reportId: 1, ...held!, body }]));
    expect(game.holderOf('frames/1')).to.equal('nobody');
    game.pass(61_000);
    game.gather();
    const { entries } = game.check(game.complete(maker, 'frames/1', 'right'));
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['looked', 'verified', 'completed']);
    expect(entries[0]).to.deep.include({ right: [], wrong: [] });
  });

  it('that fails until its budget is spent leaves the frame to who made it first', () => {
    const owners = { u1: 'ann', u2: 'bob', u3: 'cid', u4: 'dan' };
    const game = lookGame('1', owners);
    const first = game.complete(game.holderOf('frames/1'), 'frames/1', 'right');
    game.check(first);
    for (let failures = 0; failures < 3; failures += 1) {
      game.gather();
      const id = game.holderOf('frames/1');
      const [held] = game.heldBy(id);
      const failure = { failureClass: 'RENDER_ERROR', reason: 'no light' } as const;
      const body: Report['body'] = { kind: 'failed', ...failure, seconds: 1, log: '', names: [] };
      game.input(reports(id, [{ reportId: 1, ...held!, body }]));
    }
    expect(countsOf(game.state())).to.include({ completed: 1, failed: 0 });
    const { entries } = game.check({ ...first, generation: 1 });
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['verified', 'completed']);
  });
});
