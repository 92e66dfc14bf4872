import { join } from 'node:path';
import { abortable, createLimit, every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { createEnder, removeFolder, StartFailure } from '#libs/programs/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { LeaseManager } from '../leases/lease-manager.ts';
import { diskRefuses } from '../leases/errors.ts';
import {
  createHistory,
  isOver,
  newSession,
  type ProcessRecord,
  type Session,
  type SessionEnd,
} from '../domain/session.ts';
import { recorder, type Events } from '../events.ts';
import type { SocketTable } from '../host/socket-table.ts';
import type { SessionStore } from '../store/session-store.ts';
import { endedBefore, sessionNotFound, startFailed } from './errors.ts';
import type { HostKeeper } from './host-keeper.ts';
import { acquireFor, leaseOf, leasesOfNobody } from './leases.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createProcessGroup } from './process-group.ts';
import type { SessionType } from './session-type.ts';

export interface SessionManagerOptions {
  /** Folder for what belongs to sessions while they live. */
  folder: string;
  hostKeeper: HostKeeper;
  leaseManager: LeaseManager;
  store: SessionStore;
  sockets: SocketTable;
  clock: Clock;
  random: Random;
  events: Events;
  /** Called with its name after each durable step; tests end the process there. */
  failpoint: (step: string) => void;
}

/** A request for a session: its key, owner and spec. */
export interface Wanted<Spec> extends Pick<Session<Spec>, 'key' | 'owner' | 'spec'> {
  /** The purpose that the lease states. */
  holder: string;
  /** How long to wait for a port; undefined: not at all. */
  waitMs: number | undefined;
  /** See `Ask.isBound`. */
  isBound: boolean;
}

/** The answer to a request for a session; `isReused`: the session existed before. */
export interface StartedSession<Spec> {
  session: Session<Spec>;
  isReused: boolean;
}

/** Starts, stops and lists the sessions of one type, and adopts those of the process before. */
export interface SessionManager<Spec> {
  /**
   * Rejects with the lease manager's error, or with why the programs did not start. Nothing is left of the session
   * then.
   */
  start(wanted: Wanted<Spec>, signal: AbortSignal): Promise<StartedSession<Spec>>;
  /** Resolves when the session is over; at once if it already is. */
  stop(id: string, end: SessionEnd): Promise<Session<Spec>>;
  stopAll(): Promise<void>;
  /** Living ones, and ended ones of the last days. */
  list(): Session<Spec>[];
  get(id: string): Session<Spec> | undefined;
  /** The living one of a key. */
  ofKey(key: string): Session<Spec> | undefined;
  /** Changes a living session in memory only. */
  note(id: string, change: Partial<Pick<Session<Spec>, 'lastActivityMs' | 'spec'>>): void;
  /** Changes what a session is for, and makes that durable. */
  changeSpec(id: string, spec: Spec): Session<Spec>;
  /** The pid of a session's program that runs. */
  pid(id: string, role: string): number | undefined;
  /** Everything that was started for a session and is not proved to be gone. */
  nonces(id: string): ReadonlySet<string>;
  /**
   * Tries again to end programs that survived, as the manager does every few seconds. Resolves to how many have ended.
   */
  sweep(): Promise<number>;
  /** The programs live on. */
  close(): void;
}

/** A session and its manager's bookkeeping. */
interface Managed<Spec> {
  session: Session<Spec>;
  /** undefined: it waits for its lease, or is over. */
  lifecycle: Lifecycle | undefined;
  /** Resolves or rejects when its first start does. */
  begun: Promise<unknown>;
  /** Resolves when it is over. */
  over: Promise<void>;
  /** How many callers wait for its start. When the last of them leaves, it no longer waits for a port, nor is it prepared. */
  interested: number;
  giveUp: AbortController;
}

/** How often a start is tried, because somebody can take a port between its lease and its use. */
const MAX_PORTS = 3;
const SWEEP_EVERY_MS = 10_000;
const BOUND_EVERY_MS = 500;

/** Opens the sessions of one type that an earlier process left. It adopts those that were ready and hold a lease, and ends the others. */
export const openSessionManager = <Spec>(
  type: SessionType<Spec>,
  options: SessionManagerOptions,
): SessionManager<Spec> => {
  const { hostKeeper, leaseManager, store, sockets, clock, random, events, failpoint } = options;
  const kept = store.load();
  const known = (kept.sessions as Session<Spec>[]).filter((session) => session.type === type.name);
  const history = createHistory(known);
  const sessions = new Map<string, Managed<Spec>>();
  const byKey = new Map<string, string>();
  const closing = new AbortController();
  const inTurn = createLimit(type.startsAtOnce);
  const end = createEnder(clock);
  const record = recorder(events);
  /** Nonces of sessions that are over but may have left processes. */
  const left = new Set<string>();

  /** Makes something durable, or throws UNAVAILABLE `disk`. */
  const write = (what: () => void): void => {
    try {
      what();
    } catch (thrown) {
      throw diskRefuses(thrown);
    }
  };
  const keep = (session: Session<Spec>): void => {
    store.put(session);
    failpoint(`${type.name}-${session.state}`);
  };
  const change = (managed: Managed<Spec>, changes: Partial<Session<Spec>>): void => {
    const session = { ...managed.session, ...changes };
    managed.session = session;
    record(() => keep(session));
    events.sessionChanged(session);
    type.changed?.(session);
  };
  const folderOf = ({ id }: Session): string => join(options.folder, id);
  const freeKey = ({ key, id }: Session): void => {
    if (byKey.get(key) === id) {
      byKey.delete(key);
    }
  };

  const openLifecycle = (managed: Managed<Spec>, records: readonly ProcessRecord[]): Lifecycle => {
    const folder = folderOf(managed.session);
    const shared = { folder, clock, closing: closing.signal };
    const processes = createProcessGroup(
      {
        ...shared,
        session: managed.session.id,
        sockets,
        end,
        limits: (role) => type.limits?.(managed.session, role),
        newNonce: () => Buffer.from(random.bytes(16)).toString('hex'),
        note: (process) => {
          write(() => store.putProcess(process));
          failpoint(process.pid === 0 ? 'process-noted' : 'process-started');
        },
        forget: (nonces) => record(() => store.dropProcesses(nonces)),
      },
      records,
    );
    const session = (): Session<Spec> => managed.session;
    const lifecycle = createLifecycle({
      ...shared,
      type,
      processes,
      session,
      change: (changes) => change(managed, changes),
    });
    managed.lifecycle = lifecycle;
    return lifecycle;
  };

  /** A session is over. `isClean`: its programs are proved to be gone. */
  const finish = async (
    managed: Managed<Spec>,
    isClean: boolean,
    last: Partial<Session<Spec>> = {},
  ): Promise<void> => {
    const { session } = managed;
    for (const nonce of managed.lifecycle?.processes.nonces() ?? []) {
      left.add(nonce);
    }
    if (session.leaseId !== '') {
      await leaseManager
        .settle(session.leaseId, isClean)
        .catch((thrown: unknown) => events.diskFailed(thrown));
      failpoint('lease-settled');
    }
    await removeFolder(folderOf(session)).catch(() => undefined);
    managed.lifecycle = undefined;
    freeKey(session);
    change(managed, { ...last, state: 'ended', endedAtMs: clock.now() });
    const forgotten = history.add(session.id);
    if (forgotten.length === 0) {
      return;
    }
    for (const id of forgotten) {
      sessions.delete(id);
    }
    record(() => store.drop(forgotten));
    type.forgotten?.(forgotten);
  };
  const carryOn = async (managed: Managed<Spec>, lifecycle: Lifecycle): Promise<void> => {
    const isClean = await lifecycle.carryOn();
    if (!closing.signal.aborted || managed.session.state === 'stopping') {
      await finish(managed, isClean);
    }
  };

  /** Leases a port and starts the programs on it. If somebody took the port meanwhile, it tries another one. */
  const begin = async (managed: Managed<Spec>, wanted: Wanted<Spec>): Promise<Lifecycle> => {
    for (let tries = 1; ; tries += 1) {
      const about = { pool: type.pool, session: managed.session.id, ...wanted };
      const lease = await acquireFor(leaseManager, about, managed.giveUp.signal);
      failpoint('lease-granted');
      managed.session = { ...managed.session, leaseId: lease.id, port: lease.port };
      const lifecycle = openLifecycle(managed, []);
      try {
        const { session } = managed;
        const leaving = AbortSignal.any([managed.giveUp.signal, closing.signal]);
        await type.prepare?.(session, folderOf(session), leaving);
        await inTurn(() => lifecycle.begin());
        return lifecycle;
      } catch (thrown) {
        const isTaken =
          thrown instanceof StartFailure &&
          (thrown.reason === 'PORT_TAKEN' || thrown.reason === 'FOREIGN_LISTENER');
        // A stranger on the port is no sign of programs of ours. The lease manager checks who has the port.
        const isClean = await lifecycle.processes.endAll(0, isTaken ? 0 : lease.port);
        if (!isTaken || tries === MAX_PORTS) {
          const lastError = thrown instanceof Error ? thrown.message : String(thrown);
          await finish(managed, isClean, { end: 'failed', lastError });
          throw thrown instanceof StartFailure ? startFailed(thrown) : thrown;
        }
        await leaseManager.settle(lease.id, isClean);
      }
    }
  };

  const enter = (session: Session<Spec>): Managed<Spec> => {
    const managed: Managed<Spec> = {
      session,
      lifecycle: undefined,
      begun: Promise.resolve(),
      over: Promise.resolve(),
      interested: 0,
      giveUp: new AbortController(),
    };
    sessions.set(session.id, managed);
    return managed;
  };
  const create = (wanted: Wanted<Spec>): Managed<Spec> => {
    const session = newSession(type.name, random.id(type.name.slice(0, 3)), wanted, clock.now());
    const managed = enter(session);
    byKey.set(wanted.key, session.id);
    const begun = (async () => {
      try {
        await hostKeeper.admit(wanted);
        write(() => keep(session));
        return await begin(managed, wanted);
      } catch (thrown) {
        // It got no port, or the disk refused it, so nothing of it exists.
        if (!isOver(managed.session)) {
          sessions.delete(session.id);
          freeKey(session);
          record(() => store.drop([session.id]));
        }
        throw thrown;
      }
    })();
    managed.begun = begun;
    managed.over = begun.then(
      (lifecycle) => carryOn(managed, lifecycle),
      () => undefined,
    );
    return managed;
  };

  const adopt = (session: Session<Spec>, records: readonly ProcessRecord[]): void => {
    const managed = enter(session);
    if (isOver(session)) {
      for (const { nonce } of records) {
        left.add(nonce);
      }
      return;
    }
    byKey.set(session.key, session.id);
    const lease = leaseOf(leaseManager, session.id);
    const isHeld = lease !== undefined && lease.end === undefined;
    const isKept = isHeld && (session.state === 'ready' || session.state === 'restarting');
    // Callers that ask for the same session wait until one that was not adopted is over.
    const state = isKept ? session.state : 'stopping';
    managed.session = { ...session, state, leaseId: lease?.id ?? '', port: lease?.port ?? 0 };
    const lifecycle = openLifecycle(managed, records);
    if (isKept) {
      events.sessionAdopted(session);
      managed.over = carryOn(managed, lifecycle);
      return;
    }
    // It was not ready, was about to end, or the host has rebooted. Its caller never heard of it, or wanted it gone.
    const why = lease?.end?.reason === 'rebooted' ? 'rebooted' : (session.end ?? 'failed');
    managed.over = lifecycle.processes
      .endAll(0, managed.session.port)
      .then((isClean) => finish(managed, isClean, { end: why }));
  };
  for (const session of known) {
    const records = kept.processes.filter((process) => process.session === session.id);
    adopt(session, records);
  }

  const managedOf = (id: string): Managed<Spec> => {
    const managed = sessions.get(id);
    if (managed === undefined) {
      throw sessionNotFound(id);
    }
    return managed;
  };
  const stop = async (id: string, why: SessionEnd): Promise<Session<Spec>> => {
    const managed = managedOf(id);
    await managed.begun.catch(() => undefined);
    managed.lifecycle?.stop(why);
    await managed.over;
    return managed.session;
  };
  const list = (): Session<Spec>[] => [...sessions.values()].map(({ session }) => session);

  const sweep = async (): Promise<number> => {
    const nonces = new Set(left);
    const isClean = await end([...nonces], 0);
    if (isClean) {
      for (const nonce of nonces) {
        left.delete(nonce);
      }
      record(() => store.dropProcesses(nonces));
    }
    // If the disk refused the end of a session's lease, that lease lives on.
    const isLiving = (id: string): boolean =>
      !isOver(sessions.get(id)?.session ?? { state: 'ended' });
    for (const { id } of leasesOfNobody(leaseManager, type.pool, isLiving)) {
      await leaseManager.settle(id, isClean);
    }
    return isClean ? nonces.size : 0;
  };
  const boundAll = async (): Promise<void> => {
    const living = [...sessions.values()].flatMap(({ lifecycle }) => lifecycle ?? []);
    await Promise.all(living.map(({ processes }) => processes.bound()));
  };
  hostKeeper.keep({
    takings: () =>
      Promise.all(
        [...sessions.values()].flatMap(({ session, lifecycle }) => {
          const { id, owner, isBound = false, state } = session;
          const about = { id, owner, isBound, isEnding: state === 'stopping' };
          return lifecycle === undefined
            ? []
            : [lifecycle.processes.taken().then((taken) => ({ ...about, ...taken }))];
        }),
      ),
    endFor: async (ending) => {
      const managed = sessions.get(ending.id);
      const isEnded = await managed?.lifecycle?.processes.endFor(ending);
      if (isEnded === false) {
        managed?.giveUp.abort(endedBefore(ending));
      }
    },
  });
  const loops = [
    every({ clock, everyMs: SWEEP_EVERY_MS, isPauseFirst: true }, sweep),
    every({ clock, everyMs: BOUND_EVERY_MS, isPauseFirst: true }, boundAll),
  ];

  return {
    start: async (wanted, signal) => {
      const there = sessions.get(byKey.get(wanted.key) ?? '');
      if (there?.session.state === 'stopping') {
        await there.over;
        signal.throwIfAborted();
      }
      const reused = sessions.get(byKey.get(wanted.key) ?? '');
      const managed = reused ?? create(wanted);
      managed.interested += 1;
      try {
        await abortable(managed.begun, signal);
      } finally {
        managed.interested -= 1;
        if (managed.interested === 0 && signal.aborted) {
          managed.giveUp.abort(signal.reason);
        }
      }
      return { session: managed.session, isReused: reused !== undefined };
    },
    stop,
    stopAll: async () => {
      const living = list().filter((session) => !isOver(session));
      await Promise.all(living.map(({ id }) => stop(id, 'stopped')));
    },
    list,
    get: (id) => sessions.get(id)?.session,
    ofKey: (key) => sessions.get(byKey.get(key) ?? '')?.session,
    note: (id, changes) => {
      const managed = sessions.get(id);
      if (managed?.lifecycle !== undefined) {
        managed.session = { ...managed.session, ...changes };
      }
    },
    changeSpec: (id, spec) => {
      const managed = managedOf(id);
      change(managed, { spec });
      return managed.session;
    },
    pid: (id, role) => sessions.get(id)?.lifecycle?.processes.pid(role),
    nonces: (id) => sessions.get(id)?.lifecycle?.processes.nonces() ?? new Set(),
    sweep,
    close: () => {
      for (const loop of loops) {
        void loop.stop();
      }
      closing.abort(new Error('this process ends'));
    },
  };
};
