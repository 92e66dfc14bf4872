import { join } from 'node:path';
import { createFairLimit, every, poll } from '#libs/async/index.ts';
import { treeUsage } from '#libs/programs/index.ts';
import { usageOf } from '#libs/sandbox/index.ts';
import type { Config } from '../config.ts';
import { isOver } from '../domain/session.ts';
import { recorder } from '../events.ts';
import { connectionsOf } from '../process/connections.ts';
import { MAX_PROCESSES } from '../process/isolate.ts';
import { lookEveryMs } from '../session/idle.ts';
import {
  openSessionManager,
  type SessionManager,
  type SessionManagerOptions,
  type StartedSession,
} from '../session/session-manager.ts';
import type { ComputeStore } from '../store/compute-store.ts';
import { parseCommand, type Command } from './command.ts';
import {
  commandUnfit,
  notTheCreator,
  sessionLimitReached,
  sessionNotReady,
  workerKindUnknown,
} from './errors.ts';
import {
  createCommandQueue,
  type Answered,
  type Ending,
  type CommandQueue,
} from './command-queue.ts';
import { isReady } from './reply.ts';
import { askWorker, PING } from './wire.ts';
import {
  wayOf,
  WORKER,
  workerSessions,
  type ComputeSession,
  type ComputeSpec,
  type UserInfo,
} from './worker.ts';

/** A request for a session. */
export interface WantedSession {
  /** Empty: the only kind that is configured. */
  worker: string;
  owner: string;
  /** See `Ask.isBound`. */
  isBound: boolean;
  user: UserInfo;
  isExposed: boolean;
  /** Empty: a new session. */
  requestId: string;
  waitMs: number | undefined;
}

/** What a session's compute worker does and uses now. */
export interface Work {
  pid: number;
  memoryBytes: number;
  cpuMs: number;
  isBusy: boolean;
  queued: number;
  /** Milliseconds until it ends unless a command comes; undefined: never, or not while it works. */
  idleLeftMs: number | undefined;
}

export interface ComputeSessions {
  start(wanted: WantedSession, signal: AbortSignal): Promise<StartedSession<ComputeSpec>>;
  /** Reads what its creator wants of a session, after what came for it before. */
  read(session: ComputeSession, caller: string, text: string): Promise<Command>;
  send(
    session: ComputeSession,
    command: Command,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answered>;
  /** Records who uses a session. Empty fields leave what was recorded. */
  setUser(session: ComputeSession, user: UserInfo): ComputeSession;
  work(session: ComputeSession): Promise<Work>;
  manager: SessionManager<ComputeSpec>;
  store: ComputeStore;
  close(): void;
}

const TICK_MS = 10;
const SAMPLE_EVERY_MS = 10_000;
const PING_EVERY_MS = 1_000;
/** Commands that are read at a time, each of another session. They take turns of the event loop. */
const READS_AT_ONCE = 32;
const GONE = {
  pid: 0,
  memoryBytes: 0,
  cpuMs: 0,
  isBusy: false,
  queued: 0,
  idleLeftMs: undefined,
};

export const openComputeSessions = (
  { address, compute, sessionDiskBytes }: Pick<Config, 'address' | 'compute' | 'sessionDiskBytes'>,
  keeping: SessionManagerOptions,
  store: ComputeStore,
): ComputeSessions => {
  const { clock, random } = keeping;
  const { kinds, idleMs, mostPerUser } = compute;
  const queues = new Map<string, CommandQueue>();
  /** The number of each session's latest command. */
  const numbers = new Map<string, number>();
  const record = recorder(keeping.events);
  const inTurn = createFairLimit(READS_AT_ONCE);

  const usage = async (id: string): Promise<Pick<Work, 'pid' | 'memoryBytes' | 'cpuMs'>> => {
    const pid = manager.pid(id, WORKER);
    if (pid === undefined) {
      return GONE;
    }
    const [{ memoryBytes }, { cpuTicks }] = await Promise.all([
      usageOf(pid, join(keeping.folder, id), MAX_PROCESSES),
      treeUsage(pid),
    ]);
    return { pid, memoryBytes, cpuMs: cpuTicks * TICK_MS };
  };
  const begun = (id: string, name: string): ((ending: Ending) => void) => {
    const number = (numbers.get(id) ?? store.lastNumber(id)) + 1;
    numbers.set(id, number);
    const open = {
      number,
      name,
      startedAtMs: clock.now(),
      tookMs: undefined,
      outcome: 'running',
      error: undefined,
      memoryBytes: 0,
    } as const;
    record(() => store.putCommand(id, open));
    return ({ success, error, ...known }) => {
      manager.note(id, { lastActivityMs: clock.now() });
      record(() => store.putCommand(id, { ...open, ...known, error: success ? undefined : error }));
    };
  };
  const queueOf = (session: ComputeSession, isAdopted: boolean): CommandQueue => {
    const { id } = session;
    const known = queues.get(id);
    if (known !== undefined) {
      return known;
    }
    const way = wayOf(join(keeping.folder, id));
    // A worker answers in order, so it is free when it answers one `ping`, however long that takes.
    const whenFree = async (signal: AbortSignal): Promise<void> => {
      const isFree = () => askWorker(way, PING, signal).then(isReady, () => false);
      await poll(isFree, { clock, everyMs: PING_EVERY_MS, signal });
    };
    if (isAdopted) {
      record(() => store.loseRunning(id));
    }
    const queue = createCommandQueue({
      clock,
      ask: (text, signal) => askWorker(way, text, signal),
      whenFree,
      memoryBytes: async () => (await usage(id)).memoryBytes,
      begun: (name) => begun(id, name),
      isAdopted,
    });
    queues.set(id, queue);
    return queue;
  };

  const type = workerSessions({
    address,
    diskBytes: sessionDiskBytes,
    kinds,
    changed: (session) => {
      if (session.state === 'stopping' || isOver(session)) {
        queues.get(session.id)?.close(`the session ${whyOver(session)}`);
        queues.delete(session.id);
        numbers.delete(session.id);
      }
    },
    forgotten: (ids) => record(() => store.drop(ids)),
  });
  const manager = openSessionManager(type, keeping);
  for (const session of manager.list()) {
    if (!isOver(session)) {
      queueOf(session, true);
    }
  }

  const sample = async (of: readonly ComputeSession[]): Promise<void> => {
    const all = of.map(async ({ id: session }) => {
      const { memoryBytes, cpuMs } = await usage(session);
      return { session, metrics: { atMs: clock.now(), memoryBytes, cpuMs } };
    });
    const metrics = await Promise.all(all);
    if (metrics.length > 0) {
      record(() => store.putMetrics(metrics));
    }
  };
  const sampleAll = (): Promise<void> =>
    sample(manager.list().filter(({ state }) => state === 'ready'));
  /** Counts the connections of an exposed worker's clients, because they do not go through the broker. */
  const isWatched = ({ id, spec }: ComputeSession): boolean => {
    const door = spec.isExposed ? manager.pid(id, 'door') : undefined;
    return door !== undefined && connectionsOf(door).size > 0;
  };
  const idleLeftMs = (session: ComputeSession): number | undefined => {
    const queue = queues.get(session.id);
    if (idleMs === 0 || session.state !== 'ready' || queue === undefined) {
      return undefined;
    }
    const isUsed = queue.isBusy() || queue.queued() > 0 || isWatched(session);
    return isUsed ? undefined : Math.max(0, queue.usedAt() + idleMs - clock.monotonic());
  };
  const endIdle = async (): Promise<void> => {
    const idle = manager.list().filter((session) => idleLeftMs(session) === 0);
    await Promise.all(idle.map(({ id }) => manager.stop(id, 'idle')));
  };
  const loops = [
    every({ clock, everyMs: SAMPLE_EVERY_MS, isPauseFirst: true }, sampleAll),
    every({ clock, everyMs: lookEveryMs(idleMs), isPauseFirst: true }, endIdle),
  ];

  const kindNamed = (name: string): string => {
    const names = [...kinds.keys()];
    const found = name === '' && names.length === 1 ? names[0] : name;
    if (found === undefined || !kinds.has(found)) {
      throw workerKindUnknown(name, names);
    }
    return found;
  };
  const checkLimit = (owner: string): void => {
    const theirs = manager.list().filter((session) => session.owner === owner && !isOver(session));
    const ids = theirs.map(({ id }) => id);
    if (ids.length >= mostPerUser) {
      throw sessionLimitReached(owner, ids);
    }
  };

  return {
    start: async ({ worker, owner, isBound, user, isExposed, requestId, waitMs }, signal) => {
      const name = kindNamed(worker);
      const key = requestId === '' ? random.id('key') : `${owner} ${requestId}`;
      const isKnown = manager.list().some((session) => session.key === key && !isOver(session));
      // This comes before the first await, because sessions that are starting count too.
      if (!isKnown) {
        checkLimit(owner);
      }
      const holder = `${name} for ${owner}`.slice(0, 200);
      const spec = { worker: name, isExposed, user };
      const started = await manager.start({ key, owner, isBound, holder, spec, waitMs }, signal);
      queueOf(started.session, false);
      if (!started.isReused) {
        await sample([started.session]);
      }
      return started;
    },
    read: async (session, caller, text) => {
      if (session.owner !== caller) {
        throw notTheCreator(session.id);
      }
      const commands = kinds.get(session.spec.worker)?.commands ?? [];
      try {
        return await inTurn(session.id, () => parseCommand(text, commands));
      } catch (thrown) {
        if (thrown instanceof SyntaxError) {
          throw commandUnfit(thrown.message);
        }
        throw thrown;
      }
    },
    send: async (session, command, timeoutMs, signal) => {
      if (isOver(session) || session.state === 'stopping') {
        throw sessionNotReady(session.id, whyOver(session));
      }
      if (session.state === 'starting') {
        throw sessionNotReady(session.id, 'is still being started; wait for its start');
      }
      return queueOf(session, true).send(command, timeoutMs, signal);
    },
    setUser: (session, user) => {
      const { id, spec } = session;
      if (isOver(session) || session.state === 'starting') {
        throw sessionNotReady(id, 'is over, or still being started');
      }
      const given = Object.fromEntries(Object.entries(user).filter(([, value]) => value !== ''));
      return manager.changeSpec(id, { ...spec, user: { ...spec.user, ...given } });
    },
    work: async (session) => {
      const queue = queues.get(session.id);
      if (isOver(session) || queue === undefined) {
        return GONE;
      }
      return {
        ...(await usage(session.id)),
        isBusy: queue.isBusy(),
        queued: queue.queued(),
        idleLeftMs: idleLeftMs(session),
      };
    },
    manager,
    store,
    close: () => {
      for (const loop of loops) {
        void loop.stop();
      }
      manager.close();
      for (const queue of queues.values()) {
        queue.close('the broker ends; its worker lives on');
      }
    },
  };
};

/** Continues "the session …". */
const whyOver = ({ end, lastError }: ComputeSession): string => {
  switch (end) {
    case 'stopped':
      return 'was ended';
    case 'idle':
      return 'was ended, for no command came';
    case 'rebooted':
      return 'is over: the host was started anew';
    case 'failed':
    case 'lost':
    case undefined:
      return `is over: ${lastError === '' ? 'its worker is gone' : lastError}`;
    default:
      return end satisfies never;
  }
};
