import type { Collection } from 'mongodb';
import type { MeshJwk } from '#libs/auth/index.ts';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import { type BeatDocument, collection, connectMongo } from '#libs/mongo/index.ts';
import { type Bus, connectBus } from '#libs/nats/index.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { type Announce, announceOver } from './bus/announce.ts';
import { reportOver, type Reporting } from './bus/report.ts';
import { type Sessions, tellSessions } from './bus/sessions.ts';
import type { Config } from './config.ts';
import { createRoster, type Roster } from './domain/roster.ts';
import { type Events, logEvents } from './events.ts';
import { type MachineDocument, type Machines, openMachines } from './store/machines.ts';
import {
  type LeadershipStore,
  type MatcherDocument,
  openLeadershipStore,
} from './store/leadership-store.ts';
import { openUsers, type UserDocument, type Users } from './store/users.ts';
import { type Allowances, createAllowances } from './stream/allowances.ts';
import { createStreams, type Streams } from './stream/streams.ts';

/** What rpcs, streams and rounds need. */
export interface Context {
  /** This process, random at each start. */
  instance: string;
  users: Users;
  machines: Machines;
  leadershipStore: LeadershipStore;
  beats: Collection<BeatDocument>;
  bus: Bus;
  roster: Roster;
  streams: Streams;
  allowances: Allowances;
  announce: Announce;
  sessions: Sessions;
  report: Reporting;
  refreshRoster: () => Promise<void>;
  /** Signs agents' tokens. */
  agentTokens: { key: MeshJwk; issuer: string; audience: string };
  events: Events;
  background: Background;
  /** Aborts when remaining work must be abandoned. */
  closing: AbortSignal;
  clock: Clock;
  random: Random;
}

type Parts = Pick<Context, 'bus' | 'agentTokens' | 'events' | 'clock' | 'random' | 'closing'>;

interface Collections {
  users: Collection<UserDocument>;
  machines: Collection<MachineDocument>;
  matcher: Collection<MatcherDocument>;
  managers: Collection<BeatDocument>;
}

export const contextOf = (
  parts: Parts,
  { matcher, managers, ...collections }: Collections,
): Context => {
  const { bus, clock, events, random } = parts;
  const users = openUsers(collections.users);
  const roster = createRoster();
  return {
    ...parts,
    instance: random.id('i'),
    users,
    machines: openMachines(collections.machines),
    leadershipStore: openLeadershipStore(matcher),
    beats: managers,
    roster,
    streams: createStreams(),
    allowances: createAllowances(() => clock.monotonic()),
    announce: announceOver(bus, roster),
    sessions: tellSessions(bus),
    report: reportOver(bus, (workload, thrown) => events.reportsUndecided(workload, thrown)),
    refreshRoster: async () => {
      const finish = roster.beginRefresh();
      finish(await users.connected());
    },
    background: createBackground((thrown) => events.roundFailed('work in the background', thrown)),
  };
};

/** What the end of the process waits for in the background. */
const LAST_WORK_MS = 3_000;

/** Opens everything; what was opened goes into `stack`. Tests give parts of their own. */
export const createContext = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<Context> => {
  const { clock = systemClock, random = systemRandom, events = logEvents(log) } = overrides;
  const service = 'user-manager';
  const { db } = stack.use(await connectMongo({ ...config.mongo, service, logger: log }));
  const bus = stack.use(await connectBus({ ...config.nats, name: service, service, logger: log }));
  const closing = new AbortController();
  const parts = {
    bus,
    agentTokens: config.agentTokens,
    events,
    clock,
    random,
    closing: closing.signal,
  };
  const collections: Collections = {
    users: collection(db, 'users'),
    machines: collection(db, 'machines'),
    matcher: collection(db, 'matcher'),
    managers: collection(db, 'managers'),
  };
  const context = { ...contextOf(parts, collections), ...overrides };
  stack.defer(async () => {
    const timer = clock.setTimer(LAST_WORK_MS, () => closing.abort());
    await context.background.idle();
    timer.cancel();
  });
  return context;
};

/** Work that outlives the call that began it, and that the end of the process waits for. */
type Background = ReturnType<typeof createBackground>;

const createBackground = (onFailure: (thrown: unknown) => void) => {
  const works = new Set<Promise<unknown>>();
  return {
    add(work: Promise<unknown>): void {
      const tracked = work.catch(onFailure).finally(() => works.delete(tracked));
      works.add(tracked);
    },
    async idle(): Promise<void> {
      while (works.size > 0) {
        await Promise.all(works);
      }
    },
  };
};
