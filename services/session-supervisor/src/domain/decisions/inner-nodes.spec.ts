import { expect } from 'chai';
import { describe, it } from 'mocha';
import { exchange, holdsNothing, play, renderHeader, reports, user } from '../fixtures/workload.ts';
import type { RenderSpec } from '../../kinds/render/render.ts';
import { taskKey } from '../graph/task-graph.ts';
import { ordinalsFromText } from '../graph/task-text.ts';
import { freeze, thaw } from '../state/snapshot.ts';
import {
  begin,
  countsOf,
  generationOf,
  inputResultsOf,
  isFounded,
  nodeCountsOf,
  outerCountsOf,
  type WorkloadState,
} from '../state/workload.ts';
import type { Report } from './inputs.ts';

const sha = (digit: string): string => digit.repeat(64);

const done = (task: string, sha256 = sha('a')): Report['body'] => ({
  kind: 'completed',
  seconds: 1,
  blob: `blob of ${task}`,
  sha256,
  sizeBytes: 7,
  pixelHash: '',
  notes: [],
});

/** A session whose frames need what `bake/0` makes, with users that are ready. */
const bakeGame = (frames = '1-6', spec: Partial<RenderSpec> = {}, users = ['u1']) => {
  const game = play(renderHeader(frames, { physics: 'bake', maxFailures: 1, ...spec }));
  const state = (): WorkloadState => game.session.state;
  /** Users beyond what it wants are given back, and come again with another claim. */
  const gather = (claim = 1): void => {
    const engines = [{ name: 'CYCLES', version: '3.4.1', devices: [] }];
    game.input(exchange(users.map((id) => user(id, { engines, claim }))));
    users.forEach((id) => game.input(holdsNothing(id)));
  };
  gather();
  const held = () =>
    [...game.session.workers.byId].flatMap(([id, { attempts }]) =>
      [...attempts].map(([attempt, one]) => ({
        id,
        attempt,
        ...one,
        task: taskKey(state().graph, one.ordinal),
      })),
    );
  const find = (task: string) => {
    const found = held().find((each) => each.task === task);
    if (found === undefined) {
      throw new Error(`nobody holds ${task}`);
    }
    return found;
  };
  const report = (task: string, body: Report['body']) => {
    const { id, attempt, generation } = find(task);
    return game.input(reports(id, [{ reportId: 1, task, generation, attempt, body }]));
  };
  return {
    ...game,
    gather,
    state,
    tasks: () => held().map(({ task }) => task),
    find,
    busy: () => [...new Set(held().map(({ id }) => id))].sort(),
    slow: (task: string, more: object = {}) => {
      const { id, attempt } = find(task);
      const told = { elapsedSeconds: 10, remainingSeconds: 110, connection: `c-${id}`, ...more };
      return game.input({ kind: 'slow', user: id, attempt, ...told });
    },
    reportOf: ({ id, task, generation, attempt }: ReturnType<typeof find>) =>
      game.input(reports(id, [{ reportId: 1, task, generation, attempt, body: done(task) }])),
    complete: (task: string, sha256 = sha('a')) => report(task, done(task, sha256)),
    verify: (...tasks: string[]) =>
      game.input({
        kind: 'checked',
        verified: tasks.map((task) => {
          const [ordinal = 0] = ordinalsFromText(state().graph, task);
          return { task, generation: generationOf(state(), ordinal) };
        }),
        refused: [],
      }),
    fail: (task: string, failureClass: 'RENDER_ERROR' | 'INPUT_LOST' = 'RENDER_ERROR') =>
      report(task, { kind: 'failed', failureClass, reason: 'no', seconds: 1, log: '', names: [] }),
  };
};

describe('a node whose results only serve others', () => {
  it('is done first, and its result is the input of every task after it', () => {
    const game = bakeGame();
    expect(game.tasks()).to.deep.equal(['bake/0']);
    game.complete('bake/0');
    expect(game.tasks()).to.include('frames/1');
    const { ordinal } = game.find('frames/1');
    expect(inputResultsOf(game.state(), [ordinal])).to.deep.equal([
      { task: 'bake/0', generation: 0, blob: 'blob of bake/0', sha256: sha('a'), sizeBytes: 7 },
    ]);
    expect(isFounded(game.state(), game.find('frames/1'))).to.equal(true);
  });

  it('counts neither among the results nor in the shares, but its work does', () => {
    const game = bakeGame('1-2');
    game.complete('bake/0');
    expect(outerCountsOf(game.state())).to.include({ total: 2, completed: 0, remaining: 2 });
    expect(game.state().shares).to.deep.include({
      id: 'u1',
      name: 'name of u1',
      completed: 0,
      seconds: 1,
    });
    game.complete('frames/1');
    game.complete('frames/2');
    game.verify('frames/1', 'frames/2');
    expect(game.state().phase).to.equal('completed');
    expect(outerCountsOf(game.state())).to.include({ total: 2, completed: 2, remaining: 0 });
  });

  it('ends the workload if it is given up, and a retry does everything after it', () => {
    const game = bakeGame('1-100000');
    const { entries } = game.fail('bake/0');
    expect(entries.map(({ kind }) => kind)).to.deep.equal([
      'attempt-failed',
      'task-failed',
      'failed',
    ]);
    expect(game.state().ending?.message).to.contain('bake/0');
    const again = bakeGame('1-3');
    again.complete('bake/0');
    again.complete('frames/1');
    again.input({ kind: 'command', ticket: 1, command: { kind: 'retry', tasks: 'bake/0' } });
    expect(outerCountsOf(again.state())).to.include({ completed: 0, remaining: 3 });
    expect(again.tasks()).to.deep.equal(['bake/0']);
  });

  it('begins the tasks after it in the order of the workload', () => {
    const game = bakeGame('1-1000', { order: 'coarse-first' });
    game.complete('bake/0');
    expect(game.tasks().slice(0, 2)).to.deep.equal(['frames/1000', 'frames/500']);
  });

  it('is made again when its result is lost, and all that was made of it if it comes out otherwise', () => {
    for (const [digit, kept] of [
      ['a', 1],
      ['b', 0],
    ] as const) {
      const game = bakeGame('1-6');
      game.complete('bake/0');
      game.complete('frames/1');
      const { effects } = game.fail('frames/2', 'INPUT_LOST');
      const looks = effects.flatMap((effect) => (effect.kind === 'check' ? effect.results : []));
      expect(looks.map(({ task }) => task)).to.deep.equal(['bake/0']);
      const repair = { kind: 'repair', damaged: looks, reason: 'missing' } as const;
      game.input({ kind: 'command', ticket: 1, command: repair });
      expect(inputResultsOf(game.state(), [1])).to.deep.equal([]);
      expect(game.tasks()).to.deep.equal([]);
      game.pass(20_000);
      game.input({ kind: 'tick' });
      expect(game.tasks()).to.deep.equal(['bake/0']);
      game.complete('bake/0', sha(digit));
      expect(outerCountsOf(game.state()).completed, digit).to.equal(kept);
      expect(generationOf(game.state(), 1)).to.equal(kept === 1 ? 0 : 2);
    }
  });

  it('opens a task that needs several of them when all are there', () => {
    const game = bakeGame('5-6', { physics: 'refuse', tiles: 2 });
    game.complete('tile-1/5');
    expect(game.tasks()).to.not.include('frames/5');
    game.complete('tile-2/5', sha('b'));
    expect(game.tasks()).to.include('frames/5').and.not.include('frames/6');
    const inputs = inputResultsOf(game.state(), [game.find('frames/5').ordinal]);
    expect(inputs.map(({ task, sha256 }) => [task, sha256])).to.deep.equal([
      ['tile-1/5', sha('a')],
      ['tile-2/5', sha('b')],
    ]);
    expect(outerCountsOf(game.state())).to.include({ total: 2, completed: 0 });
  });

  describe('of which the tasks sleep', () => {
    const halves = { physics: 'refuse', tiles: 2, tilesIfSlow: true } as const;
    const awake = ['tile-1/5', 'tile-2/5'];

    it('is left out as long as nobody needs long for what stands after it', () => {
      const game = bakeGame('5-6', halves);
      expect(game.tasks()).to.deep.equal(['frames/5']);
      game.slow('frames/5', { elapsedSeconds: 20, remainingSeconds: 30 });
      expect(game.tasks()).to.deep.equal(['frames/5']);
      expect(countsOf(game.state())).to.include({ total: 2, completed: 0, remaining: 2 });
      expect(nodeCountsOf(game.state()).map(({ total }) => total)).to.deep.equal([0, 0, 2]);
      game.complete('frames/5');
      game.complete('frames/6');
      const { entries } = game.verify('frames/5', 'frames/6');
      expect(entries.at(-1)?.kind).to.equal('completed');
    });

    it('wakes for a task that takes long while there are more users than results to make', () => {
      const game = bakeGame('5', halves, ['u1', 'u2']);
      expect(game.tasks()).to.deep.equal(['frames/5']);
      const whole = game.find('frames/5');
      const { entries, effects } = game.slow('frames/5');
      expect(entries).to.deep.equal([{ kind: 'split', tasks: 'tile-1/5,tile-2/5' }]);
      expect(effects).to.deep.include({ kind: 'demand', verb: 'more-users' });
      game.gather(2);
      expect(game.tasks()).to.deep.equal(awake);
      expect(game.busy()).to.deep.equal(['u1', 'u2']);
      expect(outerCountsOf(game.state())).to.include({ total: 1, completed: 0, remaining: 1 });
      expect(thaw(freeze(game.state()), begin(game.state().header))).to.deep.equal(game.state());
      const late = { ...whole, task: 'frames/5' };
      const verdict = game.reportOf(late).effects.find(({ kind }) => kind === 'outcomes');
      expect(verdict).to.have.nested.property('outcomes[0].reason', 'OUTDATED_GENERATION');
      awake.forEach((task) => game.complete(task));
      const { ordinal } = game.find('frames/5');
      expect(inputResultsOf(game.state(), [ordinal]).map(({ task }) => task)).to.deep.equal(awake);
      game.complete('frames/5');
      expect(game.verify('frames/5').entries.at(-1)?.kind).to.equal('completed');
    });

    it('stays asleep where it would not help, or nobody can tell', () => {
      const users = ['u1', 'u2'];
      const stays = (frames: string, told: object, spec: Partial<RenderSpec> = {}) => {
        const game = bakeGame(frames, { ...halves, ...spec }, users);
        game.slow('frames/5', told);
        return game.tasks().every((task) => task.startsWith('frames/'));
      };
      expect(stays('5', {})).to.equal(false);
      expect(stays('5-6', {})).to.equal(true);
      expect(stays('5', { connection: 'an older one' })).to.equal(true);
      expect(stays('5', { elapsedSeconds: 1, remainingSeconds: 500 })).to.equal(true);
      expect(stays('5', { elapsedSeconds: 60, remainingSeconds: 30 })).to.equal(true);
      expect(stays('5', {}, { tiles: 0 })).to.equal(true);
    });

    it('wakes after the bake that it needs too', () => {
      const game = bakeGame('5', { ...halves, physics: 'bake' }, ['u1', 'u2']);
      game.complete('bake/0');
      game.slow('frames/5');
      game.gather(2);
      expect(game.tasks()).to.deep.equal(awake);
    });
  });

  it('is in a snapshot with its result', () => {
    const game = bakeGame();
    game.complete('bake/0');
    const thawed = thaw(freeze(game.state()), begin(game.state().header));
    expect(thawed).to.deep.equal(game.state());
  });

  it('need not be named by those who mean the results', () => {
    const { graph } = begin(renderHeader('5-9', { physics: 'bake' }));
    expect([...ordinalsFromText(graph, '5,7-8')]).to.deep.equal([1, 3, 4]);
    expect([...ordinalsFromText(graph, 'bake/0,frames/9')]).to.deep.equal([0, 5]);
  });
});
