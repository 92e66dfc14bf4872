import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import { has } from '../sets/bitmap.ts';
import type { Assigned, Workers } from '../scheduling/workers.ts';
import type { Decision } from './decision.ts';
import { acceptedKey, type Entry } from '../state/entries.ts';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import { completed, exchange, failed, header, play, user } from '../fixtures/workload.ts';
import { foldDocument } from '../state/fold.ts';
import type { Command, HeldClaim, Input, Report } from './inputs.ts';
import { MAX_WINDOW, windowOf } from '../scheduling/schedule.ts';
import { begin, countsOf, hasEnded, type WorkloadState } from '../state/workload.ts';

const SEEDS = 60;
const STEPS = 400;
const CLASSES: FailureClassName[] = [
  'RENDER_ERROR',
  'TIMEOUT',
  'AGENT_ERROR',
  'OUT_OF_MEMORY',
  'ENGINE_UNAVAILABLE',
  'SCENE_UNREADABLE',
  'SCENE_LOST',
];

/** All attempts that each user was ever given. */
type Handed = Map<string, { attempt: string; task: number; generation: number }[]>;

/** One session with users that act at random. */
const chaos = (seed: number) => {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random.float() * n);
  const pick = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  const of = header(1 + below(400), { maxLosses: 1 + below(5), maxFailures: 1 + below(3) });
  const game = play(of);
  const names = Array.from({ length: 1 + below(6) }, (_, i) => `u${i}`);
  const connections = new Map(names.map((id) => [id, 0]));
  const handed: Handed = new Map(names.map((id) => [id, []]));
  let claim = 0;

  const assigned = (id: string): Assigned => {
    claim += below(2);
    const drain = pick(['no', 'no', 'no', 'no', 'after-task', 'now'] as const) ?? 'no';
    return user(id, {
      connection: `${id}/${connections.get(id)}`,
      claim,
      slots: 1 + (id.length % 2),
      drain,
    });
  };
  const some = (): string[] => names.filter(() => below(3) > 0);

  const report = (id: string): Report => {
    const own = pick(handed.get(pick([id, id, id, ...names]) ?? id) ?? []);
    const { attempt, task } = own ?? { attempt: '9-9', task: below(60) };
    const generation = below(30) === 0 ? below(3) : (own?.generation ?? 0);
    const good = completed(attempt, task, { reportId: below(1_000) + 1, generation });
    switch (below(8)) {
      case 0:
        return { ...good, reportId: 0, body: { kind: 'started' } };
      case 1: {
        const bad = failed(attempt, task);
        return {
          ...bad,
          generation,
          body: { ...bad.body, failureClass: pick(CLASSES) ?? 'TIMEOUT', names: ['X'] } as never,
        };
      }
      case 2:
        return { ...good, forgery: 'TOKEN_INVALID' };
      default:
        return {
          ...good,
          body: { ...good.body, seconds: random.float() * 10 ** (below(8) - 4) } as never,
        };
    }
  };

  const command = (): Command =>
    pick<Command>([
      { kind: 'pause' },
      { kind: 'resume' },
      { kind: 'resume' },
      { kind: 'set-wanted', wanted: below(8) },
      { kind: 'retry', tasks: pick(['', '0', '0-9', '3,5,7']) ?? '' },
      {
        kind: 'repair',
        damaged: [{ task: `noop/${below(10)}`, generation: below(3) }],
        reason: 'missing',
      },
      ...(below(20) === 0 ? [{ kind: 'stop', deleteResults: false } as const] : []),
    ]) ?? { kind: 'pause' };

  const input = (): Input => {
    const id = pick(names) ?? 'u0';
    const connection = `${id}/${connections.get(id)}`;
    switch (below(12)) {
      case 0:
        return exchange(some().map(assigned), { entitled: below(8), suitable: below(8) });
      case 1:
        return { kind: 'new-users', users: some().map(assigned) };
      case 2: {
        connections.set(id, (connections.get(id) ?? 0) + below(2));
        return { kind: 'user-gone', user: id, connection, isClean: below(2) === 0 };
      }
      case 3:
        return { kind: 'user-idle', user: id, connection };
      case 4: {
        const request =
          below(2) === 0
            ? {}
            : { request: { requestId: `r${below(5)}`, requestHash: `h${below(3)}` } };
        return { kind: 'command', ticket: 1, command: command(), ...request };
      }
      case 5:
        game.pass(below(12_000));
        return { kind: 'tick' };
      case 6:
      case 7: {
        const held: HeldClaim[] = Array.from({ length: below(5) }, () =>
          pick(handed.get(id) ?? []),
        ).flatMap((known) =>
          known === undefined
            ? []
            : [
                {
                  task: `noop/${known.task}`,
                  generation: known.generation,
                  attempt: known.attempt,
                },
              ],
        );
        return { kind: 'user-held', user: id, connection, held };
      }
      default:
        return {
          kind: 'reports',
          ticket: 1,
          user: id,
          userName: id,
          reports: Array.from({ length: 4 }, () => report(id)),
        };
    }
  };

  /** Plays an input and remembers the attempts that were handed out. */
  const decide = (next: Input): Decision => {
    const decision = game.input(next);
    for (const id of names) {
      const known = handed.get(id) ?? [];
      for (const [attempt, { ordinal: task, generation }] of game.session.workers.byId.get(id)
        ?.attempts ?? []) {
        if (!known.some((each) => each.attempt === attempt)) {
          known.push({ attempt, task, generation });
        }
      }
    }
    return decision;
  };

  /** Lets all users stay and do their work from now on, without commands or losses. */
  const behave = (): void => {
    // Barred users may serve again.
    decide({ kind: 'command', ticket: 1, command: { kind: 'retry', tasks: '' } });
    decide({ kind: 'command', ticket: 1, command: { kind: 'resume' } });
    decide({ kind: 'command', ticket: 1, command: { kind: 'set-wanted', wanted: 10 } });
    for (let round = 0; round < 200 && !hasEnded(game.session.state); round += 1) {
      game.pass(10_000);
      decide({ kind: 'tick' });
      decide(exchange(names.map((id) => ({ ...assigned(id), drain: 'no' as const }))));
      for (const id of names) {
        decide({
          kind: 'user-held',
          user: id,
          connection: `${id}/${connections.get(id)}`,
          held: [],
        });
        const held = [...(game.session.workers.byId.get(id)?.attempts ?? [])];
        const own = held.map(([attempt, { ordinal, generation }]) =>
          completed(attempt, ordinal, { generation }),
        );
        if (own.length > 0) {
          decide({ kind: 'reports', ticket: 1, user: id, userName: id, reports: own });
        }
      }
    }
  };

  return { game, of, input, decide, behave };
};

/** How many attempts are out for each task, counted from the workers. */
const holdersOf = ({ byId }: Workers): Map<number, number> => {
  const holders = new Map<number, number>();
  for (const { attempts } of byId.values()) {
    for (const { ordinal } of attempts.values()) {
      holders.set(ordinal, (holders.get(ordinal) ?? 0) + 1);
    }
  }
  return holders;
};

const checkState = (state: WorkloadState, workers: Workers): void => {
  const { total, completed: done, failed: lost, remaining } = countsOf(state);
  expect(done + lost + remaining).to.equal(total);
  expect(remaining).to.be.at.least(0);
  const holders = holdersOf(workers);
  const areSame =
    holders.size === workers.holders.size &&
    [...holders].every(([task, n]) => workers.holders.get(task) === n);
  expect(areSame, 'holders are those of the workers').to.equal(true);
  const decided = [...holders.keys()].filter(
    (task) => has(state.done, task) || has(state.givenUp, task),
  );
  expect(decided, 'decided tasks that are held').to.deep.equal([]);
  if (hasEnded(state)) {
    expect(workers.byId.size).to.equal(0);
  } else {
    expect(remaining, 'nothing is left, yet it goes on').to.be.above(0);
  }
};

/** Checks that hand-outs never exceed a user's window. Attempts that it already held may exceed it. */
const checkWindows = (
  workers: Workers,
  before: ReadonlyMap<string, number>,
  hasClaimed: boolean,
): void => {
  for (const [id, worker] of workers.byId) {
    const most = hasClaimed
      ? MAX_WINDOW
      : windowOf({ slots: worker.slots, secondsPerTask: worker.paces[0] }, Infinity, 1);
    expect(worker.attempts.size).to.be.at.most(Math.max(before.get(id) ?? 0, most));
  }
};

const checkOutcomes = (input: Input, { effects }: Decision): void => {
  if (input.kind !== 'reports') {
    return;
  }
  const outcomes = effects.flatMap((effect) => (effect.kind === 'outcomes' ? effect.outcomes : []));
  const ids = input.reports.map(({ reportId }) => reportId).filter((id) => id > 0);
  expect(outcomes.map(({ reportId }) => reportId)).to.deep.equal(ids);
};

describe('decide, with random inputs', () => {
  it(`keeps its invariants over ${SEEDS * STEPS} random inputs, and ends once users behave`, function () {
    this.timeout(60_000);
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { game, of, input, decide, behave } = chaos(seed);
      const { workers } = game.session;
      const accepted = new Set<string>();
      const documents: { n: number; at: Date; entries: Entry[] }[] = [];
      const step = (next: Input): void => {
        const before = new Map([...workers.byId].map(([id, { attempts }]) => [id, attempts.size]));
        const wasOver = hasEnded(game.session.state);
        const decision = decide(next);
        documents.push({
          n: game.session.state.position,
          at: new Date(1_000),
          entries: decision.entries,
        });
        if (wasOver) {
          expect(decision.entries).to.deep.equal([]);
        }
        for (const entry of decision.entries) {
          if (entry.kind !== 'accepted') {
            continue;
          }
          expect(accepted.has(acceptedKey(entry)), `${entry.task} was accepted before`).to.equal(
            false,
          );
          accepted.add(acceptedKey(entry));
        }
        checkOutcomes(next, decision);
        checkState(game.session.state, workers);
        checkWindows(workers, before, next.kind === 'user-held');
      };
      try {
        for (let i = 0; i < STEPS; i += 1) {
          step(input());
        }
        expect(documents.reduce(foldDocument, begin(of))).to.deep.equal(game.session.state);
        behave();
        expect(hasEnded(game.session.state), 'it has ended').to.equal(true);
      } catch (thrown) {
        if (thrown instanceof Error) {
          thrown.message = `seed ${seed}: ${thrown.message}`;
        }
        throw thrown;
      }
    }
  });
});
