import type { Collection } from 'mongodb';
import type { MeshJwk } from '#libs/auth/index.ts';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import { type BeatDocument, collection, connectMongo } from '#libs/mongo/index.ts';
import { type Bus, connectBus } from '#libs/nats/index.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { type Background, createBackground } from './background.ts';
import { type Announce, announceOver } from './bus/announce.ts';
import { reportOver, type Reporting } from './bus/report.ts';
import { type Sessions, tellSessions } from './bus/sessions.ts';
import type { Config } from './config.ts';
import { createRoster, type Roster } from './domain/roster.ts';
import { type Events, logEvents } from './events.ts';
import { type Machines, openMachines } from './store/machines.ts';
import { type MatcherLease, openMatcherLease } from './store/matcher-lease.ts';
import { openUsers, type Users } from './store/users.ts';
import { createStreams, type Streams } from './stream/streams.ts';

/** What rpcs, streams and rounds need. */
export interface Context {
  /** This process, random at each start. */
  instance: string;
  users: Users;
  machines: Machines;
  matcherLease: MatcherLease;
  beats: Collection<BeatDocument>;
  bus: Bus;
  roster: Roster;
  streams: Streams;
  announce: Announce;
  sessions: Sessions;
  report: Reporting;
  /** Reads the roster anew. */
  refreshRoster: () => Promise<void>;
  /** Signs agents' tokens. */
  agentTokens: { key: MeshJwk; issuer: string; audience: string };
  events: Events;
  background: Background;
  /** Aborts when what is left to do must be given up. */
  closing: AbortSignal;
  clock: Clock;
  random: Random;
}

/** What the end of the process waits for in the background. */
const LAST_WORK_MS = 3_000;

const refreshing = (users: Users, roster: Roster) => async (): Promise<void> => {
  const finish = roster.beginRefresh();
  finish(await users.connected());
};

/** Opens everything; what was opened goes into `stack`. Tests give parts of their own. */
export const createContext = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<Context> => {
  const clock = overrides.clock ?? systemClock;
  const random = overrides.random ?? systemRandom;
  const events = overrides.events ?? logEvents(log);
  const mongo = await connectMongo({ ...config.mongo, logger: log });
  stack.use(mongo);
  const bus = await connectBus({ ...config.nats, name: 'user-manager', logger: log });
  stack.use(bus);
  const closing = new AbortController();
  const background = createBackground((thrown) => events.roundFailed('work in the background', thrown));
  stack.defer(async () => {
    const timer = clock.setTimer(LAST_WORK_MS, () => closing.abort());
    await background.idle();
    timer.cancel();
  });
  const roster = createRoster();
  const users = openUsers(collection(mongo.db, 'users'));
  return {
    instance: random.id('i'),
    users,
    machines: openMachines(collection(mongo.db, 'machines')),
    matcherLease: openMatcherLease(collection(mongo.db, 'matcher')),
    beats: collection(mongo.db, 'managers'),
    bus,
    roster,
    streams: createStreams(),
    announce: announceOver(bus, roster),
    sessions: tellSessions(bus),
    report: reportOver(bus, (workload, thrown) => events.reportsUndecided(workload, thrown)),
    refreshRoster: refreshing(users, roster),
    agentTokens: config.agentTokens,
    events,
    background,
    closing: closing.signal,
    clock,
    random,
    ...overrides,
  };
};
