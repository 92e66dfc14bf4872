import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import { decideAcquire, decideWithdraw } from './acquire.ts';
import { openLeaseTable, type Ask, type LeaseTable, type Kept } from './lease-table.ts';
import { beginDraft, undo, type Answer, type Draft } from './draft.ts';
import { decideDue, decideRelease, decideRenew, decideSettle, decideSweep } from './keep.ts';
import type { Lease, Port } from './lease.ts';
import type { Pool } from './pool.ts';

const MINUTE = 60_000;

const pool = (name: string, first: number, last: number, more: Partial<Pool> = {}): Pool => ({
  name,
  first,
  last,
  firstAny: first,
  maxLeases: last - first + 1,
  maxPerCustomer: last - first + 1,
  minTtlMs: 1_000,
  maxTtlMs: 60 * MINUTE,
  defaultTtlMs: MINUTE,
  ...more,
});

/** A broker without a disk, a clock or sockets: what it would have made durable, and what it told. */
const createBroker = (pools: readonly Pool[]) => {
  const ports = new Map<number, Port>();
  const leases = new Map<string, Lease>();
  /** Whose each port is, by what was made durable alone. */
  const holders = new Map<number, string>();
  const strangers = new Set<number>();
  /** Programs of sessions that listen: by port, with the session. */
  const programs = new Map<number, string>();
  const told = new Map<number, Answer>();
  let now = 0;
  let ids = 0;
  let tickets = 0;
  let isBlind = false;
  const kept = (): Kept => ({
    ports: [...ports.values()].map(({ port, token, used, state }) => ({
      port,
      token,
      used,
      isQuarantined: state.kind === 'quarantined',
    })),
    leases: [...leases.values()],
  });
  let table: LeaseTable = openLeaseTable('here', pools, kept(), now);
  const decide = <T>(run: (draft: Draft) => T, fails = false): T | undefined => {
    const occupied = isBlind
      ? undefined
      : (port: number): boolean => strangers.has(port) || programs.has(port);
    const newId = (): string => {
      ids += 1;
      return `l-${ids}`;
    };
    const draft = beginDraft(table, { now, wall: now }, { occupied, newId });
    const result = run(draft);
    if (fails) {
      undo(draft);
      return undefined;
    }
    for (const [number, port] of draft.ports) {
      ports.set(number, port);
    }
    for (const [id, lease] of [...draft.leases].sort(
      ([, x], [, y]) => Number(y.end !== undefined) - Number(x.end !== undefined),
    )) {
      leases.set(id, lease);
      const holder = holders.get(lease.port);
      if (lease.end === undefined) {
        if (holder !== undefined && holder !== id) {
          expect.fail(`port ${lease.port} has two holders`);
        }
        holders.set(lease.port, id);
      } else if (holder === id) {
        holders.delete(lease.port);
      }
    }
    for (const id of draft.forgotten) {
      leases.delete(id);
    }
    for (const [ticket, answer] of draft.answers) {
      told.set(ticket, answer);
    }
    return result;
  };
  const acquire = (ask: Partial<Ask> = {}, waitMs?: number, fails = false): number => {
    tickets += 1;
    const ticket = tickets;
    const all: Ask = {
      pool: 'a',
      port: undefined,
      count: 1,
      ttlMs: MINUTE,
      owner: 'ann',
      holder: '',
      requestId: '',
      requestHash: '',
      session: '',
      isBound: false,
      ...ask,
    };
    decide(
      (draft) => decideAcquire(draft, ticket, all, waitMs === undefined ? undefined : now + waitMs),
      fails,
    );
    return ticket;
  };
  return {
    holders,
    strangers,
    programs,
    ports,
    leases,
    told,
    decide,
    acquire,
    leased: (ticket: number): number[] => {
      const answer = told.get(ticket);
      return answer?.kind === 'granted' ? answer.leases.map(({ port }) => port) : [];
    },
    table: () => table,
    pass: (ms: number): void => {
      now += ms;
    },
    now: () => now,
    isBlind: () => isBlind,
    blind: (is: boolean): void => {
      isBlind = is;
    },
    crash: (): void => {
      table = openLeaseTable('here', pools, kept(), now);
    },
    live: (): Lease[] =>
      [...ports.values()].flatMap(({ state }) =>
        state.kind === 'leased' ? (leases.get(state.lease) ?? []) : [],
      ),
  };
};

describe('the table of leases', () => {
  it('gives the least recently used port first, and every port of a full pool once', () => {
    const broker = createBroker([pool('a', 10, 12)]);
    const first = [1, 2, 3].flatMap(() => broker.leased(broker.acquire()));
    expect(first).to.deep.equal([10, 11, 12]);
    expect(broker.told.get(broker.acquire())).to.deep.equal({
      kind: 'exhausted',
      retryAfterMs: MINUTE,
    });
    const byPort = new Map(broker.live().map((lease) => [lease.port, lease.id]));
    for (const port of [11, 10]) {
      broker.decide((draft) =>
        decideRelease(draft, { id: byPort.get(port)!, token: 0, owner: 'ann' }),
      );
    }
    expect([1, 2].flatMap(() => broker.leased(broker.acquire()))).to.deep.equal([11, 10]);
  });

  it('gives several at once or none', () => {
    const broker = createBroker([pool('a', 10, 13)]);
    expect(broker.leased(broker.acquire({ count: 3 }))).to.deep.equal([10, 11, 12]);
    expect(broker.told.get(broker.acquire({ count: 2 }))?.kind).to.equal('exhausted');
    expect(broker.live()).to.have.length(3);
  });

  it('keeps the lower band for those who want just that port', () => {
    const broker = createBroker([pool('a', 10, 12, { firstAny: 12 })]);
    expect(broker.leased(broker.acquire())).to.deep.equal([12]);
    expect(broker.told.get(broker.acquire())?.kind).to.equal('exhausted');
    expect(broker.leased(broker.acquire({ port: 10 }))).to.deep.equal([10]);
    expect(broker.told.get(broker.acquire({ port: 10 }))).to.deep.equal({
      kind: 'taken',
      state: 'leased',
    });
    expect(broker.told.get(broker.acquire({ port: 99 }))?.kind).to.equal('not-in-pool');
  });

  it('skips a port that somebody else has, looks again ever more rarely, and takes it back', () => {
    const broker = createBroker([pool('a', 10, 11)]);
    broker.strangers.add(10);
    expect(broker.leased(broker.acquire())).to.deep.equal([11]);
    expect(broker.ports.get(10)?.state.kind).to.equal('foreign');
    broker.strangers.clear();
    expect(broker.decide((draft) => decideSweep(draft, false))?.becameFree).to.deep.equal([]);
    broker.pass(1_000);
    expect(broker.decide((draft) => decideSweep(draft, false))?.becameFree).to.deep.equal([10]);
    expect(broker.leased(broker.acquire())).to.deep.equal([10]);
  });

  it('keeps a port whose cleaning cannot be told from everybody until three clean sightings, also over a restart', () => {
    const broker = createBroker([pool('a', 10, 10)]);
    const [port] = broker.leased(broker.acquire());
    expect(port).to.equal(10);
    broker.blind(true);
    broker.decide((draft) =>
      decideRelease(draft, { id: broker.live()[0]!.id, token: 0, owner: undefined }),
    );
    expect(broker.told.get(broker.acquire())?.kind).to.equal('exhausted');
    broker.crash();
    broker.blind(false);
    for (const left of [[10], [10], []]) {
      expect(broker.decide((draft) => decideSweep(draft, false))?.stillQuarantined).to.deep.equal(
        left,
      );
    }
    expect(broker.leased(broker.acquire())).to.deep.equal([10]);
  });

  it('gives a repeated request the leases of the first, and refuses another with the same id', () => {
    const broker = createBroker([pool('a', 10, 19)]);
    const ask = { requestId: 'r', requestHash: 'x', count: 2 };
    const first = broker.leased(broker.acquire(ask));
    broker.crash();
    expect(broker.leased(broker.acquire(ask))).to.deep.equal(first);
    expect(broker.told.get(broker.acquire({ ...ask, requestHash: 'y' }))?.kind).to.equal('reused');
    expect(broker.leased(broker.acquire({ ...ask, owner: 'bob' }))).to.not.deep.equal(first);
  });

  it('ends what nobody renews, with a full grace after a restart', () => {
    const broker = createBroker([pool('a', 10, 10)]);
    broker.acquire();
    const [lease] = broker.live();
    broker.pass(MINUTE - 1);
    broker.crash();
    broker.pass(MINUTE - 1);
    expect(broker.decide(decideDue)).to.deep.equal([]);
    const { id, token } = lease!;
    expect(
      broker.decide((draft) => decideRenew(draft, { id, token, ttlMs: undefined, owner: 'ann' }))
        ?.kind,
    ).to.equal('done');
    broker.pass(MINUTE);
    expect(broker.decide(decideDue)).to.deep.equal([id]);
    const late = broker.decide((draft) =>
      decideRenew(draft, { id, token, ttlMs: undefined, owner: 'ann' }),
    );
    expect(late).to.deep.equal({ kind: 'ended' });
  });

  it('refuses old tokens and other people’s leases', () => {
    const broker = createBroker([pool('a', 10, 10)]);
    broker.acquire();
    const [first] = broker.live();
    broker.decide((draft) =>
      decideRelease(draft, { id: first!.id, token: first!.token, owner: 'ann' }),
    );
    broker.acquire();
    const [second] = broker.live();
    expect(second!.token).to.be.above(first!.token);
    const { id } = second!;
    const renew = (token: number, owner: string) =>
      broker.decide((draft) => decideRenew(draft, { id, token, ttlMs: undefined, owner }))?.kind;
    expect([
      renew(first!.token, 'ann'),
      renew(second!.token, 'bob'),
      renew(second!.token, 'ann'),
    ]).to.deep.equal(['outdated', 'unknown', 'done']);
    const release = broker.decide((draft) =>
      decideRelease(draft, { id, token: first!.token, owner: 'ann' }),
    );
    expect(release?.kind).to.equal('outdated');
  });

  describe('bounds each customer', () => {
    const kindOf = (broker: ReturnType<typeof createBroker>, ticket: number) =>
      broker.told.get(ticket)?.kind;
    const open = () => createBroker([pool('a', 10, 17, { maxPerCustomer: 3 }), pool('b', 20, 21)]);
    const bob = { owner: 'bob', isBound: true };
    const release = (broker: ReturnType<typeof createBroker>, owner: string, fails = false) => {
      const { id } = broker.live().find((lease) => lease.owner === owner)!;
      broker.decide((draft) => decideRelease(draft, { id, token: 0, owner }), fails);
    };

    it('to a share of a pool: ports of any kind count, other pools and customers do not', () => {
      const broker = open();
      expect(broker.leased(broker.acquire({ ...bob, count: 2 }))).to.have.length(2);
      expect(broker.leased(broker.acquire({ ...bob, session: 's-1' }))).to.have.length(1);
      for (const more of [{}, { port: 17 }, { session: 's-2' }]) {
        expect(broker.told.get(broker.acquire({ ...bob, ...more }))).to.deep.equal({
          kind: 'share-used',
          held: 3,
          share: 3,
          retryAfterMs: MINUTE,
        });
      }
      expect(broker.leased(broker.acquire({ ...bob, pool: 'b' }))).to.have.length(1);
      expect(broker.leased(broker.acquire({ ...bob, owner: 'eve', count: 3 }))).to.have.length(3);
      release(broker, 'bob');
      expect(broker.leased(broker.acquire(bob))).to.have.length(1);
    });

    it('but not who keeps the host', () => {
      const broker = open();
      expect(broker.leased(broker.acquire({ count: 8 }))).to.have.length(8);
    });

    it('by what was made durable alone, also after a restart', () => {
      const broker = open();
      broker.acquire({ ...bob, count: 3 }, undefined, true);
      broker.acquire({ ...bob, count: 3 });
      release(broker, 'bob', true);
      expect(kindOf(broker, broker.acquire(bob))).to.equal('share-used');
      broker.crash();
      expect(kindOf(broker, broker.acquire(bob))).to.equal('share-used');
      release(broker, 'bob');
      broker.crash();
      expect(broker.leased(broker.acquire(bob))).to.have.length(1);
    });

    it('who repeats a request gets what it made, whatever else is leased by then', () => {
      const broker = open();
      const ask = { ...bob, count: 3, requestId: 'r' };
      expect(broker.leased(broker.acquire(ask))).to.deep.equal(broker.leased(broker.acquire(ask)));
    });

    it('who waits for the own share lets all behind pass, and is served once a lease of the own ends', () => {
      const broker = open();
      broker.acquire({ ...bob, count: 3 });
      const waiting = broker.acquire(bob, MINUTE);
      const behind = broker.acquire({ owner: 'eve', isBound: true }, MINUTE);
      expect(broker.told.has(waiting)).to.equal(false);
      expect(broker.leased(behind)).to.have.length(1);
      release(broker, 'eve');
      expect(broker.told.has(waiting)).to.equal(false);
      release(broker, 'bob');
      expect(broker.leased(waiting)).to.have.length(1);
    });

    it('who waits in vain is told of the share, and more than a share is refused at once', () => {
      const broker = open();
      broker.acquire({ ...bob, count: 3, ttlMs: 60 * MINUTE });
      const waiting = broker.acquire(bob, MINUTE);
      broker.pass(MINUTE);
      broker.decide(decideDue);
      expect(kindOf(broker, waiting)).to.equal('share-used');
      expect(kindOf(broker, broker.acquire({ ...bob, count: 4 }, MINUTE))).to.equal('share-used');
    });

    it('to a hundred requests that wait, so that others can wait too', () => {
      const broker = open();
      broker.acquire({ count: 8, ttlMs: 60 * MINUTE });
      const all = Array.from({ length: 101 }, () => broker.acquire(bob, MINUTE));
      expect(kindOf(broker, all[99]!)).to.equal(undefined);
      expect(kindOf(broker, all[100]!)).to.equal('too-many-waiting');
      expect(kindOf(broker, broker.acquire({ owner: 'eve', isBound: true }, MINUTE))).to.equal(
        undefined,
      );
    });
  });

  describe('of those who wait', () => {
    it('serves who came first, and nobody overtakes', () => {
      const broker = createBroker([pool('a', 10, 11)]);
      broker.acquire({ count: 2 });
      const [one, two] = broker.live();
      const both = broker.acquire({ count: 2 }, MINUTE);
      const single = broker.acquire({}, MINUTE);
      broker.decide((draft) => decideRelease(draft, { id: one!.id, token: 0, owner: 'ann' }));
      expect(broker.told.get(broker.acquire())?.kind).to.equal('exhausted');
      expect([broker.told.has(both), broker.told.has(single)]).to.deep.equal([false, false]);
      broker.decide((draft) => decideRelease(draft, { id: two!.id, token: 0, owner: 'ann' }));
      expect(broker.leased(both)).to.have.length(2);
      expect(broker.told.has(single)).to.equal(false);
    });

    it('gives what one who goes away kept back to the next', () => {
      const broker = createBroker([pool('a', 10, 11)]);
      broker.acquire({ count: 2 });
      const [one] = broker.live();
      const both = broker.acquire({ count: 2 }, MINUTE);
      const single = broker.acquire({}, MINUTE);
      broker.decide((draft) => decideRelease(draft, { id: one!.id, token: 0, owner: 'ann' }));
      expect(broker.told.has(single)).to.equal(false);
      broker.decide((draft) => decideWithdraw(draft, 'a', both));
      expect(broker.leased(single)).to.deep.equal([one!.port]);
    });

    it('tells whoever waited for too long, and is bounded', () => {
      const broker = createBroker([pool('a', 10, 10)]);
      broker.acquire({ ttlMs: 60 * MINUTE });
      const waiting = Array.from({ length: 1_000 }, () => broker.acquire({}, MINUTE));
      expect(broker.told.get(broker.acquire({}, MINUTE))?.kind).to.equal('too-many-waiting');
      broker.pass(MINUTE);
      broker.decide(decideDue);
      expect(new Set(waiting.map((ticket) => broker.told.get(ticket)?.kind))).to.deep.equal(
        new Set(['exhausted']),
      );
    });
  });

  it('holds over 100,000 random operations, sessions and their programs, strangers, crashes and disks that are full', () => {
    const random = seededRandom(1);
    const below = (n: number): number => Math.floor(random.float() * n);
    const broker = createBroker([
      pool('a', 10, 25, { firstAny: 13, maxLeases: 12, maxPerCustomer: 4 }),
      pool('b', 30, 33),
    ]);
    const tokens = new Map<number, number>();
    const tally = new Map<string, number>();
    let sessions = 0;
    const customer = (): Pick<Ask, 'owner' | 'isBound'> =>
      below(2) === 0 ? { owner: 'bob', isBound: true } : { owner: 'ann', isBound: false };
    const act = (): string => {
      const lives = broker.live();
      const lease = lives[below(lives.length)];
      const ofSessions = lives.filter((each) => each.session !== '');
      const session = ofSessions[below(ofSessions.length)];
      const fails = below(20) === 0;
      switch (below(16)) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const isB = below(3) === 0;
          const first = isB ? 30 : 10;
          const port = below(3) === 0 ? first + below(isB ? 4 : 16) : undefined;
          const requestId = below(3) === 0 ? `r-${below(50)}` : '';
          const count = port === undefined ? 1 + below(3) : 1;
          const ask = {
            pool: isB ? 'b' : 'a',
            port,
            count,
            requestId,
            requestHash: `${isB}/${port}/${count}`,
            ...customer(),
          };
          broker.acquire(ask, below(3) === 0 ? below(20_000) : undefined, fails);
          return 'acquire';
        }
        case 4:
        case 5: {
          if (lease === undefined) {
            return 'nothing';
          }
          const token = lease.token - (below(4) === 0 ? 1 : 0);
          const named = broker.decide(
            (draft) => decideRelease(draft, { id: lease.id, token, owner: lease.owner }),
            fails,
          );
          if (token !== lease.token && token !== 0) {
            expect(named?.kind ?? 'outdated').to.equal('outdated');
          } else if (lease.session !== '') {
            expect(named?.kind ?? 'in-use').to.equal('in-use');
          }
          return named?.kind === 'done' ? `release in ${lease.pool}` : 'refused release';
        }
        case 6:
          if (lease === undefined) {
            return 'nothing';
          }
          broker.decide(
            (draft) =>
              decideRenew(draft, {
                id: lease.id,
                token: lease.token,
                ttlMs: undefined,
                owner: lease.owner,
              }),
            fails,
          );
          return 'renew';
        case 7:
          broker.pass(below(8_000));
          broker.decide(decideDue, fails);
          return 'time';
        case 8: {
          const port = 10 + below(24);
          // Nobody can take a port that its holder listens on; on others strangers come and go.
          const isOurs =
            broker.ports.get(port)?.state.kind === 'leased' || broker.programs.has(port);
          if (!isOurs && below(3) === 0) {
            broker.strangers.add(port);
          } else {
            broker.strangers.delete(port);
          }
          return 'stranger';
        }
        case 9:
          broker.blind(below(5) === 0);
          broker.decide((draft) => decideSweep(draft, below(2) === 0), fails);
          return 'sweep';
        case 10: {
          const { waiting } = broker.table().pools.get('a')!;
          const ticket = [...waiting.keys()][below(waiting.size)];
          if (ticket !== undefined) {
            broker.decide((draft) => decideWithdraw(draft, 'a', ticket), fails);
          }
          return 'withdraw';
        }
        case 11: {
          sessions += 1;
          broker.acquire(
            { session: `s-${sessions}`, ...customer() },
            below(3) === 0 ? below(20_000) : undefined,
            fails,
          );
          return 'session';
        }
        case 12: {
          if (session === undefined || broker.strangers.has(session.port)) {
            return 'nothing';
          }
          broker.programs.set(session.port, session.session);
          return 'program';
        }
        case 13: {
          if (session === undefined) {
            return 'nothing';
          }
          // What cannot be ended is left behind, and goes later.
          const isClean = below(3) > 0;
          if (isClean) {
            broker.programs.delete(session.port);
          }
          broker.decide((draft) => decideSettle(draft, session.id, isClean), fails);
          return isClean ? 'end' : 'unclean end';
        }
        case 14: {
          const ports = [...broker.programs.keys()];
          const port = ports[below(ports.length)];
          if (port !== undefined) {
            broker.programs.delete(port);
          }
          return 'death';
        }
        default:
          if (below(10) === 0) {
            broker.crash();
          }
          return 'crash';
      }
    };
    for (let i = 0; i < 100_000; i += 1) {
      const what = act();
      tally.set(what, (tally.get(what) ?? 0) + 1);
      const { holders } = broker;
      for (const [number, { token, state }] of broker.ports) {
        if (token < (tokens.get(number) ?? 0)) {
          expect.fail(`the token of ${number} went back`);
        }
        tokens.set(number, token);
        if (state.kind === 'leased' && holders.get(number) !== state.lease) {
          expect.fail(`nobody holds ${number}`);
        }
        if (state.kind !== 'leased' && holders.has(number)) {
          expect.fail(`${number} is ${state.kind}, and leased`);
        }
        const program = broker.programs.get(number);
        if (program === undefined) {
          continue;
        }
        if (state.kind === 'free' || state.kind === 'foreign') {
          expect.fail(`${number} is ${state.kind}, and ${program} is on it`);
        }
        const of = state.kind === 'leased' ? broker.leases.get(state.lease)?.session : program;
        if (of !== program) {
          expect.fail(`${program} is on ${number}, which is of ${of}`);
        }
      }
      for (const [name, { free, leased, held, pool: of, waiting }] of broker.table().pools) {
        const inPool = [...broker.table().ports.values()].filter((each) => each.pool === name);
        const count = (kind: string): number =>
          inPool.filter(({ state }) => state.kind === kind).length;
        if (leased !== count('leased') || leased > of.maxLeases || free.size !== count('free')) {
          expect.fail(`${name} counts ${leased} leased and ${free.size} free`);
        }
        const bobs = inPool.filter(
          ({ state }) => state.kind === 'leased' && broker.leases.get(state.lease)?.owner === 'bob',
        ).length;
        if (bobs !== (held.get('bob') ?? 0) || bobs > of.maxPerCustomer) {
          expect.fail(`bob has ${bobs} of ${name}, counted as ${held.get('bob')}`);
        }
        const hasShare = ({ owner, isBound, count: more }: Ask): boolean =>
          !isBound || (held.get(owner) ?? 0) + more <= of.maxPerCustomer;
        // No lost wake-up: after a release nobody who could be served is left waiting.
        const [first] = [...waiting.values()].filter(
          ({ ask }) => ask.port === undefined && hasShare(ask),
        );
        if (first === undefined || what !== `release in ${name}` || broker.isBlind()) {
          continue;
        }
        const usable = [...free].filter(
          (port) => port >= of.firstAny && !broker.strangers.has(port),
        );
        const couldBe =
          usable.length >= first.ask.count && leased + first.ask.count <= of.maxLeases;
        if (couldBe) {
          expect.fail(`${first.ask.count} wait for ${usable.join()}`);
        }
      }
    }
    expect(Math.min(...tally.values())).to.be.above(100);
  }).timeout(60_000);
});
