import { expect } from 'chai';
import { describe, it } from 'mocha';
import { exchange, holdsNothing, play, renderHeader, reports, user } from '../fixtures/workload.ts';
import { taskKey } from '../graph/task-graph.ts';
import { fold } from '../state/fold.ts';
import { freeze, thaw } from '../state/snapshot.ts';
import { begin, isOver, isVerified, verifiedCount, type WorkloadState } from '../state/workload.ts';
import type { Refused, Report } from './inputs.ts';

const REASON = 'the picture does not decode';
const BODY: Report['body'] = {
  kind: 'completed',
  seconds: 1,
  blob: 'b',
  sha256: 'ab',
  sizeBytes: 7,
  pixelHash: 'cd',
  notes: [],
};

/** Frames that users render, and whose results the mesh checks. */
const checkGame = (frames: string, users: readonly string[], maxFailures = 3) => {
  const game = play(renderHeader(frames, { maxFailures }));
  const state = (): WorkloadState => game.session.state;
  let claim = 0;
  const gather = (): void => {
    claim += 1;
    const engines = [{ name: 'CYCLES', version: '3.4.1', devices: [] }];
    game.input(exchange(users.map((id) => user(id, { engines, claim, slots: 4 }))));
    users.forEach((id) => game.input(holdsNothing(id)));
  };
  gather();
  const heldBy = (id: string) =>
    [...(game.session.workers.byId.get(id)?.attempts ?? [])].map(([attempt, one]) => ({
      attempt,
      generation: one.generation,
      task: taskKey(state().graph, one.ordinal),
    }));
  return {
    ...game,
    state,
    gather,
    heldBy,
    complete: (id: string, task: string, contradicts = false): Refused => {
      const held = heldBy(id).find((each) => each.task === task);
      if (held === undefined) {
        throw new Error(`${id} does not hold ${task}`);
      }
      game.input(reports(id, [{ reportId: 1, ...held, body: BODY }]));
      return { ...held, user: id, userName: `name of ${id}`, reason: REASON, contradicts };
    },
    verify: (...verified: Refused[]) => game.input({ kind: 'checked', verified, refused: [] }),
    refuse: (...refused: Refused[]) => game.input({ kind: 'checked', verified: [], refused }),
  };
};

describe('a result that the mesh looks at itself', () => {
  it('counts as verified after that, and the workload ends with the last', () => {
    const game = checkGame('1-2', ['u1']);
    const results = [game.complete('u1', 'frames/1'), game.complete('u1', 'frames/2')];
    expect(game.state()).to.include({ phase: 'running' });
    expect(game.state().done.count).to.equal(2);
    expect(verifiedCount(game.state())).to.equal(0);
    expect(thaw(freeze(game.state()), begin(game.state().header))).to.deep.equal(game.state());
    game.verify(results[0]!);
    expect(isVerified(game.state(), 'frames/1')).to.equal(true);
    expect(isVerified(game.state(), 'frames/2')).to.equal(false);
    const { entries } = game.verify(...results);
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['verified', 'completed']);
    expect(verifiedCount(game.state())).to.equal(2);
  });

  it('counts no more if it is not what was reported, and another user makes it again', () => {
    const game = checkGame('1-8', ['u1', 'u2']);
    const lie = game.complete('u1', game.heldBy('u1')[0]!.task);
    const { entries } = game.refuse(lie);
    expect(entries.map(({ kind }) => kind)).to.deep.equal(['result-refused']);
    expect(game.state().done.count).to.equal(0);
    expect(game.state().shares[0]).to.include({ id: 'u1', completed: 0 });
    expect(game.state().refused).to.deep.equal([
      { id: 'u1', name: 'name of u1', results: 1, task: lie.task, reason: REASON },
    ]);
    game.heldBy('u2').forEach(({ task }) => game.complete('u2', task));
    expect(game.heldBy('u1').map(({ task }) => task)).not.to.include(lie.task);
    const again = game.heldBy('u2').find(({ task }) => task === lie.task);
    expect(again).to.include({ generation: 1 });
    // What was found out about the former result says nothing of this one.
    game.complete('u2', lie.task);
    game.verify(lie);
    game.refuse(lie);
    expect(isVerified(game.state(), lie.task)).to.equal(false);
    expect(game.state().refused[0]).to.include({ results: 1 });
  });

  it('bars its user at once if its bytes are not what was reported of them, and tells the registry', () => {
    const game = checkGame('1-8', ['u1', 'u2']);
    const [one, two] = game.heldBy('u1').map(({ task }) => game.complete('u1', task, true));
    const { entries, effects } = game.refuse(one!, two!);
    expect(entries.map(({ kind }) => kind)).to.deep.equal([
      'result-refused',
      'user-barred',
      'result-refused',
    ]);
    expect(entries[0]).not.to.have.property('contradicts');
    const reason = `reported results that are not what it stored: ${REASON}`;
    expect(effects.filter(({ kind }) => kind === 'contradicted')).to.deep.equal([
      { kind: 'contradicted', userId: 'u1', reason },
      { kind: 'contradicted', userId: 'u1', reason },
    ]);
    game.gather();
    expect(game.heldBy('u1')).to.deep.equal([]);
  });

  it('bars its user after the third of them', () => {
    const game = checkGame('1-8', ['u1', 'u2']);
    const lies = game.heldBy('u1').slice(0, 3);
    const results = lies.map(({ task }) => game.complete('u1', task));
    const { entries } = game.refuse(...results);
    expect(entries.filter(({ kind }) => kind === 'user-barred')).to.have.length(1);
    expect([...game.state().barred.keys()]).to.deep.equal(['u1']);
  });

  it('is given up like any task that only fails', () => {
    const game = checkGame('1', ['u1'], 1);
    game.refuse(game.complete('u1', 'frames/1'));
    expect(game.state()).to.include({ phase: 'failed' });
    expect(game.state().ending?.message).to.include(`PICTURE_INVALID: ${REASON}`);
  });

  it('that a repair made keeps the workload open until it is verified', () => {
    const game = checkGame('1', ['u1', 'u2']);
    game.verify(game.complete('u1', 'frames/1'));
    const repair = { kind: 'repair-wanted', tasks: '1', reason: 'lost' } as const;
    game.session.state = fold(game.state(), repair, { n: 9, at: 0 });
    game.session.workers.queue.restart();
    game.gather();
    const holder = (): string => ['u1', 'u2'].find((id) => game.heldBy(id).length > 0) ?? 'nobody';
    game.refuse(game.complete(holder(), 'frames/1'));
    expect(game.state()).to.include({ phase: 'completed' });
    expect(isOver(game.state())).to.equal(false);
    game.gather();
    const right = game.complete(holder(), 'frames/1');
    expect(isOver(game.state())).to.equal(false);
    expect(game.verify(right).effects.map(({ kind }) => kind)).to.include('ended');
    expect(isOver(game.state())).to.equal(true);
  });
});
