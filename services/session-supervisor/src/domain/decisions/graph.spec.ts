import { indicesBetween } from '#libs/indices/index.ts';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import type { NoopNode } from '../../kinds/noop/noop.ts';
import type { Decision } from './decision.ts';
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
import type { Entry } from '../state/entries.ts';
import { foldDocument, retryOf } from '../state/fold.ts';
import { refusalOfReopening, reopeningEntries } from './reopen.ts';
import { blockedAfter } from '../graph/readiness.ts';
import { createGraph, taskKey } from '../graph/task-graph.ts';
import { tasksToText } from '../graph/task-text.ts';
import { effectiveWanted } from '../scheduling/demand.ts';
import { has, rangesOf } from '../sets/bitmap.ts';
import { freeze, thaw } from '../state/snapshot.ts';
import {
  begin,
  countsOf,
  generationOf,
  hasEnded,
  isFounded,
  readyCount,
  troubleOf,
} from '../state/workload.ts';

const node = (id: string, tasks: number, ...after: NoopNode['after']): NoopNode => ({
  id,
  tasks,
  durationMs: 0,
  after,
});
const success = (of: string) => ({ node: of, on: 'success' as const });
const end = (of: string) => ({ node: of, on: 'end' as const });

/** A session with users that are ready, over a graph. */
const graphGame = (nodes: NoopNode[], users: string[] = ['u1'], spec = {}) => {
  const game = play(header(0, { nodes, maxFailures: 1, ...spec }));
  const { graph } = game.session.state;
  game.input(exchange(users.map((id) => user(id))));
  for (const id of users) {
    game.input(holdsNothing(id));
  }
  const attemptAt = (
    key: string,
  ): { id: string; attempt: string; ordinal: number; generation: number } => {
    for (const [id, { attempts }] of game.session.workers.byId) {
      for (const [attempt, { ordinal, generation }] of attempts) {
        if (taskKey(graph, ordinal) === key) {
          return { id, attempt, ordinal, generation };
        }
      }
    }
    throw new Error(`nobody works on ${key}; held: ${held().join(' ')}`);
  };
  const held = (): string[] =>
    [...game.session.workers.byId.values()]
      .flatMap(({ attempts }) =>
        [...attempts.values()].map(({ ordinal }) => taskKey(graph, ordinal)),
      )
      .toSorted();
  const report = (key: string, how: typeof completed | typeof failed): Decision => {
    const { id, attempt, ordinal, generation } = attemptAt(key);
    return game.input(reports(id, [{ ...how(attempt, ordinal), task: key, generation }]));
  };
  return {
    ...game,
    graph,
    held,
    attemptAt,
    finish: (...keys: string[]): Decision[] => keys.map((key) => report(key, completed)),
    fail: (key: string): Decision => report(key, failed),
    command: (command: object): Decision =>
      game.input({ kind: 'command', ticket: 1, command: command as never }),
    text: (set: 'done' | 'givenUp' | 'blocked'): string =>
      tasksToText(graph, rangesOf(game.session.state[set])),
  };
};

const kindsOf = ({ entries }: Decision): string[] => entries.map(({ kind }) => kind);

describe('a graph of nodes', () => {
  const pair = [node('mesh', 2), node('solve', 2, success('mesh'))];

  it('hands a task out after its predecessors are done, and not before', () => {
    const game = graphGame(pair, ['u1', 'u2']);
    expect(game.held()).to.deep.equal(['mesh/0', 'mesh/1']);
    expect(game.text('blocked')).to.equal('solve/0-1');
    game.finish('mesh/1');
    expect(game.held()).to.deep.equal(['mesh/0', 'solve/1']);
    game.finish('solve/1', 'mesh/0', 'solve/0');
    expect(game.session.state.phase).to.equal('completed');
  });

  it('wants users for tasks that may begin, not for all open tasks', () => {
    const game = graphGame([node('mesh', 1), node('solve', 1, success('mesh'))]);
    expect(readyCount(game.session.state)).to.equal(1);
    const wide = graphGame([
      node('mesh', 2),
      node('solve', 2, success('mesh')),
      node('cut', 2, success('solve')),
    ]);
    expect(readyCount(wide.session.state)).to.equal(2);
  });

  it('asks for users at once when more may begin than before', () => {
    const game = graphGame([node('a', 1), node('b', 1, success('a')), node('c', 1, success('a'))]);
    const [decision] = game.finish('a/0');
    expect(decision?.effects).to.deep.include({ kind: 'demand', verb: 'more-users' });
    expect(readyCount(game.session.state)).to.equal(2);
  });

  it('gives up the successors that need the success of a given-up task, and nothing else', () => {
    const game = graphGame(
      [...pair, node('report', 2, end('solve')), node('other', 2)],
      ['u1', 'u2', 'u3', 'u4'],
    );
    const decision = game.fail('mesh/0');
    expect(
      decision.entries.flatMap((entry) => (entry.kind === 'task-failed' ? [entry.task] : [])),
    ).to.deep.equal(['mesh/0', 'solve/0']);
    expect(game.text('givenUp')).to.equal('mesh/0,solve/0');
    // This task needs only the end of its predecessor, and to be given up is an end.
    expect(game.held()).to.include('report/0').and.not.include('solve/0');
    game.finish('mesh/1', 'solve/1', 'report/0', 'report/1', 'other/0', 'other/1');
    expect(game.session.state.phase).to.equal('failed');
    expect(game.session.state.ending?.message).to.contain('mesh/0,solve/0');
    expect(countsOf(game.session.state)).to.include({ completed: 6, failed: 2 });
  });

  it('does the successors of a retried task again, even those that a user works on', () => {
    const game = graphGame(pair, ['u1', 'u2']);
    game.finish('mesh/0', 'mesh/1', 'solve/0');
    const old = game.attemptAt('solve/1');
    game.command({ kind: 'retry', tasks: 'mesh/0-1' });
    expect(game.text('done')).to.equal('');
    expect(game.text('blocked')).to.equal('solve/0-1');
    expect(game.held()).to.deep.equal(['mesh/0', 'mesh/1']);
    const late = game.input(
      reports(old.id, [{ ...completed(old.attempt, 0), task: 'solve/1', generation: 0 }]),
    );
    expect(late.effects).to.deep.include({
      kind: 'outcomes',
      ticket: 1,
      outcomes: [{ reportId: 1, verdict: 'SETTLED', reason: 'OUTDATED_GENERATION' }],
    });
    game.finish('mesh/0', 'mesh/1', 'solve/0', 'solve/1');
    expect(game.session.state.phase).to.equal('completed');
    expect(generationOf(game.session.state, 3)).to.equal(1);
  });

  it('retries a task together with its predecessors that were given up', () => {
    const game = graphGame([...pair, node('other', 1)], ['u1', 'u2', 'u3']);
    game.fail('mesh/0');
    expect(kindsOf(game.command({ kind: 'retry', tasks: 'solve/0' }))).to.include('retried');
    expect(game.text('givenUp')).to.equal('');
    expect(game.held()).to.include('mesh/0');
    expect(game.text('blocked')).to.equal('solve/0-1');
  });

  const fork = [
    node('mesh', 1),
    node('cut', 1),
    node('solve', 1, success('mesh'), success('cut')),
    node('other', 1),
  ];

  it('gives up a successor of a retried task again if it needs another task that stays given up', () => {
    const game = graphGame(fork, ['u1', 'u2', 'u3']);
    game.fail('mesh/0');
    game.fail('cut/0');
    const { entries } = game.command({ kind: 'retry', tasks: 'mesh/0' });
    expect(entries).to.deep.include({
      kind: 'task-failed',
      task: 'solve/0',
      generation: 1,
      reason: 'what it stands after was given up',
    });
    game.finish('mesh/0', 'other/0');
    expect(game.session.state.phase).to.equal('failed');
  });

  it('gives it up also in the document that reopens a closed workload', () => {
    const game = graphGame(fork, ['u1', 'u2', 'u3']);
    game.fail('mesh/0');
    game.fail('cut/0');
    game.command({ kind: 'stop', deleteResults: false });
    const { state } = game.session;
    const entries =
      reopeningEntries(state, { kind: 'retry', tasks: 'mesh/0' }, undefined, 'i-2') ?? [];
    const kinds = entries.map((entry) => (entry.kind === 'task-failed' ? entry.task : entry.kind));
    expect(kinds).to.deep.equal(['taken-over', 'retried', 'solve/0']);
    const open = foldDocument(state, { n: state.position + 1, at: new Date(0), entries });
    expect(tasksToText(open.graph, rangesOf(open.blocked))).to.equal('');
    expect(countsOf(open)).to.include({ failed: 2, remaining: 2 });
  });

  it('keeps the successors of a repaired task', () => {
    const game = graphGame(pair, ['u1', 'u2']);
    game.finish('mesh/0', 'solve/0');
    game.command({
      kind: 'repair',
      damaged: [{ task: 'mesh/0', generation: 0 }],
      reason: 'missing',
    });
    expect(game.text('done')).to.equal('solve/0');
    expect(game.held()).to.include('mesh/0');
    game.finish('mesh/0', 'mesh/1', 'solve/1');
    expect(game.session.state.phase).to.equal('completed');
  });

  it('begins no successor of a task under repair, and gives up tasks that can never begin', () => {
    const game = graphGame(pair);
    game.finish('mesh/0', 'solve/0', 'mesh/1');
    game.input({ kind: 'user-gone', user: 'u1', connection: 'c-u1', isClean: true });
    game.command({
      kind: 'repair',
      damaged: [{ task: 'mesh/1', generation: 0 }],
      reason: 'missing',
    });
    expect(game.text('blocked')).to.equal('solve/1');
    game.input(exchange([user('u3')]));
    game.input(holdsNothing('u3'));
    expect(game.held()).to.deep.equal(['mesh/1']);
    game.fail('mesh/1');
    expect(game.text('givenUp')).to.equal('mesh/1,solve/1');
    expect(troubleOf(game.session.state, 3)?.givenUp).to.contain('stands after');
    expect(hasEnded(game.session.state)).to.equal(true);
  });

  it('takes a task from its user while the result before it is repaired, and gives the user the repair', () => {
    const game = graphGame([node('mesh', 1), node('solve', 1, success('mesh'))]);
    game.finish('mesh/0');
    const running = game.attemptAt('solve/0');
    game.command({
      kind: 'repair',
      damaged: [{ task: 'mesh/0', generation: 0 }],
      reason: 'missing',
    });
    expect(game.held()).to.deep.equal(['mesh/0']);
    // The owner changes: a claim of the task must not keep the only user from the repair either.
    game.input({ kind: 'user-gone', user: 'u1', connection: 'c-u1', isClean: true });
    game.input(exchange([user('u1', { connection: 'c-again', claim: 2 })]));
    const held = [{ task: 'solve/0', generation: 0, attempt: running.attempt }];
    game.input({ kind: 'user-held', user: 'u1', connection: 'c-again', held });
    expect(game.held()).to.deep.equal(['mesh/0']);
    game.finish('mesh/0', 'solve/0');
    expect(game.session.state.phase).to.equal('completed');
  });

  it('finds what a retry needs once, however many paths lead to it', () => {
    const ids = Array.from({ length: 16 }, (_, i) => `n${i}`);
    const dense = ids.map((id, i) => node(id, 400, ...ids.slice(0, i).map(success)));
    const game = graphGame(dense);
    const entries: Entry[] = ids.flatMap((id) =>
      Array.from({ length: 400 }, (_, i) => ({
        kind: 'task-failed' as const,
        task: `${id}/${i}`,
        generation: 0,
        reason: 'no light',
      })),
    );
    const at = new Date(0);
    const failedState = foldDocument(game.session.state, { n: 9, at, entries });
    const { tasks } = retryOf(failedState, 'n15/0-399');
    expect(tasks.size).to.equal(16 * 400);
  });

  it('refuses a retry that would give up more than one document can say', () => {
    const [a, b] = [node('a', 3_000), node('b', 3_000)];
    const game = graphGame([a, b, node('c', 3_000, success('a'), success('b'))]);
    const entries: Entry[] = Array.from({ length: 3_000 }, (_, i) => i).flatMap((i) =>
      ['a', 'b', 'c'].map((id) => ({
        kind: 'task-failed' as const,
        task: `${id}/${i}`,
        generation: 0,
        reason: 'no light',
      })),
    );
    const state = foldDocument(game.session.state, { n: 9, at: new Date(0), entries });
    const retry = (tasks: string): unknown => refusalOfReopening(state, { kind: 'retry', tasks });
    expect(retry('a/0-2999')).to.deep.equal({ reason: 'RETRY_TOO_WIDE' });
    expect(retry('a/0-1999')).to.equal(undefined);
    expect(retry('c/0-2999')).to.equal(undefined);
  });

  it('pauses itself with the failure that began it, not with what that took along', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const chains = ids.map((id, i) =>
      node(id, 4, ...ids.slice(Math.max(i - 1, 0), i).map(success)),
    );
    const game = graphGame(chains, ['u1', 'u2']);
    game.fail('a/0');
    game.fail('a/1');
    expect(game.session.state.pausedBecause).to.contain('no light');
  });

  it('asks for users to try a failed task only until that is done', () => {
    const game = graphGame([node('a', 1), node('b', 1, success('a'))], ['u1', 'u2'], {
      maxFailures: 3,
    });
    const wanted = (): number => {
      const { state, workers } = game.session;
      return effectiveWanted({ state, workers, planUsers: 100, now: 0 });
    };
    game.fail('a/0');
    expect(wanted()).to.equal(3);
    game.input(exchange([user('u1'), user('u3')]));
    game.input(holdsNothing('u3'));
    game.finish('a/0');
    expect(wanted()).to.equal(1);
  });

  it('is no graph if a node lacks an index of a later one', () => {
    const of = (first: number, last: number, after: NoopNode['after'] = []) => ({
      id: after.length === 0 ? 'mesh' : 'solve',
      indices: indicesBetween(first, last),
      after,
    });
    expect(() => createGraph([of(0, 2), of(0, 9, [success('mesh')])])).to.throw(RangeError);
    expect(() => createGraph([of(0, 2), of(1, 2, [success('mesh')])])).not.to.throw();
  });

  it('sends an attempt only after the decisions about its predecessors are durable', () => {
    const game = graphGame(pair);
    const durable = game.session.state;
    game.finish('mesh/0');
    const held = [...(game.session.workers.byId.get('u1')?.attempts.values() ?? [])];
    const [next] = held.filter(({ ordinal }) => ordinal === 2);
    if (next === undefined) {
      throw new Error('solve/0 was not handed out');
    }
    expect(isFounded(durable, next)).to.equal(false);
    expect(isFounded(game.session.state, next)).to.equal(true);
    expect(isFounded(durable, { ...next, ordinal: 1, node: 0 })).to.equal(true);
  });
});

describe('graphs of one to four nodes, 300 of them', () => {
  it('never hand out a task that may not begin, and end with every task decided', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed);
      const below = (n: number): number => Math.floor(random.float() * n);
      const nodes: NoopNode[] = [];
      for (let i = 0; i <= below(4); i += 1) {
        const after = nodes
          .filter(() => random.float() < 0.5)
          .map(({ id }) => ({
            node: id,
            on: random.float() < 0.5 ? ('success' as const) : ('end' as const),
          }));
        const most = Math.min(
          4,
          ...after.map((edge) => nodes.find(({ id }) => id === edge.node)?.tasks ?? 0),
        );
        nodes.push(node(`n${i}`, 1 + below(most), ...after));
      }
      const game = graphGame(nodes, ['u1', 'u2'], { maxFailures: 1 });
      const check = (): void => {
        const { state, workers } = game.session;
        const all = Array.from({ length: state.graph.count }, (_, ordinal) => ordinal);
        expect(state.blocked, `seed ${seed}`).to.deep.equal(blockedAfter({ ...state }, all));
        for (const ordinal of workers.holders.keys()) {
          expect(
            has(state.blocked, ordinal),
            `seed ${seed}: ${taskKey(state.graph, ordinal)}`,
          ).to.equal(false);
        }
        expect(thaw(freeze(state), begin(state.header)), `seed ${seed}`).to.deep.equal(state);
      };
      let retries = 3;
      for (let step = 0; step < 200 && !hasEnded(game.session.state); step += 1) {
        const held = game.held();
        const key = held[below(held.length)];
        if (random.float() < 0.1 && retries > 0) {
          retries -= 1;
          const ordinal = below(game.graph.count);
          game.command({
            kind: 'retry',
            tasks: taskKey(game.graph, ordinal).replace(/^noop\//, ''),
          });
        } else if (game.session.state.phase === 'paused') {
          game.command({ kind: 'resume' });
        } else if (key === undefined) {
          throw new Error(`seed ${seed}: nothing is held, and it goes on`);
        } else if (random.float() < 0.2) {
          game.fail(key);
        } else {
          game.finish(key);
        }
        check();
      }
      expect(countsOf(game.session.state).remaining, `seed ${seed}`).to.equal(0);
      for (const { offset, indices, after } of game.graph.nodes) {
        for (const { node: before, on } of after) {
          const first = game.graph.nodes.find(({ id }) => id === before);
          for (let place = 0; place < indices.count; place += 1) {
            const isGivenUp = has(game.session.state.givenUp, (first?.offset ?? 0) + place);
            if (isGivenUp && on === 'success') {
              expect(has(game.session.state.done, offset + place), `seed ${seed}`).to.equal(false);
            }
          }
        }
      }
    }
  });
});
