import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { abortable, every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { createEnder, StartFailure } from '#libs/programs/index.ts';
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
import type { Events } from '../events.ts';
import type { SocketTable } from '../host/socket-table.ts';
import type { SessionStore } from '../store/session-store.ts';
import { newManagedSession, type ManagedSession } from './managed-session.ts';
import { sessionNotFound, startFailed } from './errors.ts';
import type { Kind } from './kind.ts';
import { acquireFor, leaseOf, leasesOfNobody } from './leases.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createProcessGroup } from './process-group.ts';

export interface SessionManagerOptions {
  /** Folder for what belongs to sessions while they live. */
  folder: string;
  leaseManager: LeaseManager;
  store: SessionStore;
  sockets: SocketTable;
  clock: Clock;
  random: Random;
  events: Events;
  /** Called with its name after each durable step; tests end the process there. */
  failpoint: (step: string) => void;
}

/** A session that somebody wants. */
export interface Wanted<Spec> {
  /** Of one kind and key there is one session at a time. */
  key: string;
  owner: string;
  /** What the lease says that it is for. */
  holder: string;
  spec: Spec;
  /** How long to wait for a port; undefined: not at all. */
  waitMs: number | undefined;
}

/** The sessions of one kind: starts, stops and lists them, and adopts those of the process before. */
export interface SessionManager<Spec> {
  /** Rejects with what the lease manager says, or with why the programs did not come up; nothing is left of the session then. */
  start(
    wanted: Wanted<Spec>,
    signal: AbortSignal,
  ): Promise<{ session: Session<Spec>; isReused: boolean }>;
  /** Resolves when the session is over, at once if it was. */
  stop(id: string, end: SessionEnd): Promise<Session<Spec>>;
  /** Ends all. */
  stopAll(): Promise<void>;
  /** Living ones, and ended ones of the last days. */
  list(): Session<Spec>[];
  get(id: string): Session<Spec> | undefined;
  /** The living one of a key. */
  ofKey(key: string): Session<Spec> | undefined;
  /** undefined: it waits for its lease, or is over. */
  lifecycle(id: string): Lifecycle<Spec> | undefined;
  /** Tries again to end what could not be ended, as it does every few seconds. Resolves to how many programs are gone by that. */
  sweep(): Promise<number>;
  /** The programs live on. */
  close(): void;
}

/** A port can be taken between its lease and its use. */
const MOST_PORTS = 3;
const SWEEP_EVERY_MS = 10_000;
const BOUND_EVERY_MS = 500;

/** Opens the sessions of one kind that an earlier process left. It adopts those that were ready and hold a lease, and ends the others. */
export const openSessionManager = <Spec>(
  kind: Kind<Spec>,
  options: SessionManagerOptions,
): SessionManager<Spec> => {
  const { leaseManager, store, sockets, clock, random, events, failpoint } = options;
  const kept = store.load();
  const ofKind = (kept.sessions as Session<Spec>[]).filter((session) => session.kind === kind.name);
  const history = createHistory(ofKind);
  const sessions = new Map<string, ManagedSession<Spec>>();
  const byKey = new Map<string, string>();
  const closing = new AbortController();
  const inTurn = pLimit(kind.startsAtOnce);
  const ender = createEnder(clock);
  /** Nonces of sessions that are over, but of whose programs something may be left. */
  const left = new Set<string>();

  /** Makes something durable, or throws UNAVAILABLE `disk`. */
  const write = (what: () => void): void => {
    try {
      what();
    } catch (thrown) {
      throw diskRefuses(thrown);
    }
  };
  /** Makes something durable that has happened already. If the disk refuses it, it has happened all the same. */
  const recordIfPossible = (what: () => void): void => {
    try {
      what();
    } catch (thrown) {
      events.diskFailed(thrown);
    }
  };
  const keep = (session: Session<Spec>): void => {
    store.put(session);
    failpoint(`${kind.name}-${session.state}`);
  };
  const tell = (session: Session<Spec>): void => {
    const managed = sessions.get(session.id);
    if (managed !== undefined) {
      managed.session = session;
    }
    recordIfPossible(() => keep(session));
    events.sessionChanged(session);
    kind.changed?.(session);
  };
  const folderOf = ({ id }: Session): string => join(options.folder, id);

  const lifecycleOf = (
    session: Session<Spec>,
    records: readonly ProcessRecord[],
  ): Lifecycle<Spec> => {
    const processes = createProcessGroup(
      {
        session: session.id,
        folder: folderOf(session),
        clock,
        sockets,
        closing: closing.signal,
        end: ender,
        newNonce: () => Buffer.from(random.bytes(16)).toString('hex'),
        note: (process) => {
          write(() => store.putProcess(process));
          failpoint(process.pid === 0 ? 'process-noted' : 'process-started');
        },
        forget: (nonces) => recordIfPossible(() => store.dropProcesses(nonces)),
      },
      records,
    );
    return createLifecycle(session, {
      kind,
      folder: folderOf(session),
      processes,
      clock,
      closing: closing.signal,
      changed: tell,
    });
  };

  /** A session is over. `isClean`: its programs are proved to be gone. */
  const finish = async (
    managed: ManagedSession<Spec>,
    isClean: boolean,
    last: Partial<Session<Spec>>,
  ): Promise<void> => {
    const session: Session<Spec> = {
      ...(managed.lifecycle?.session() ?? managed.session),
      ...last,
      state: 'ended',
    };
    for (const nonce of managed.lifecycle?.processes.nonces() ?? []) {
      left.add(nonce);
    }
    if (session.leaseId !== '') {
      await leaseManager
        .settle(session.leaseId, isClean)
        .catch((thrown: unknown) => events.diskFailed(thrown));
      failpoint('lease-settled');
    }
    await rm(folderOf(session), { recursive: true, force: true }).catch(() => undefined);
    managed.lifecycle = undefined;
    managed.session = session;
    if (byKey.get(session.key) === session.id) {
      byKey.delete(session.key);
    }
    tell({ ...session, endedAtMs: clock.now() });
    const forgotten = history.add(session.id);
    if (forgotten.length === 0) {
      return;
    }
    for (const id of forgotten) {
      sessions.delete(id);
    }
    recordIfPossible(() => store.drop(forgotten));
    kind.forgotten?.(forgotten);
  };
  const carryOn = async (
    managed: ManagedSession<Spec>,
    lifecycle: Lifecycle<Spec>,
  ): Promise<void> => {
    const isClean = await lifecycle.carryOn();
    if (closing.signal.aborted && lifecycle.session().state !== 'stopping') {
      return;
    }
    await finish(managed, isClean, {});
  };

  /** Leases a port and starts the programs on it; if somebody took that port meanwhile, on another one. */
  const begin = async (
    managed: ManagedSession<Spec>,
    wanted: Wanted<Spec>,
  ): Promise<Lifecycle<Spec>> => {
    for (let tries = 1; ; tries += 1) {
      const { signal } = managed.giveUp;
      const about = { pool: kind.pool, session: managed.session.id, ...wanted };
      const lease = await acquireFor(leaseManager, about, wanted.waitMs, signal);
      failpoint('lease-granted');
      const session = { ...managed.session, leaseId: lease.id, port: lease.port };
      managed.session = session;
      const lifecycle = lifecycleOf(session, []);
      managed.lifecycle = lifecycle;
      try {
        await inTurn(() => lifecycle.begin());
        return lifecycle;
      } catch (thrown) {
        const isTaken =
          thrown instanceof StartFailure &&
          (thrown.reason === 'PORT_TAKEN' || thrown.reason === 'FOREIGN_LISTENER');
        // A stranger on the port does not mean that anything of ours is left: the lease manager looks who has it.
        const isClean = await lifecycle.processes.endAll(0, isTaken ? 0 : session.port);
        if (!isTaken || tries === MOST_PORTS) {
          await finish(managed, isClean, { end: 'failed', lastError: messageOf(thrown) });
          throw thrown instanceof StartFailure ? startFailed(thrown) : thrown;
        }
        await leaseManager.settle(session.leaseId, isClean);
      }
    }
  };

  const enter = (session: Session<Spec>): ManagedSession<Spec> => {
    const managed = newManagedSession(session);
    sessions.set(session.id, managed);
    return managed;
  };
  const create = (wanted: Wanted<Spec>): ManagedSession<Spec> => {
    const session = newSession(kind.name, random.id(kind.name.slice(0, 3)), wanted, clock.now());
    const managed = enter(session);
    byKey.set(wanted.key, session.id);
    const begun = (async () => {
      try {
        write(() => keep(session));
        return await begin(managed, wanted);
      } catch (thrown) {
        // Without a port or a disk nothing of it exists.
        if (!isOver(managed.session)) {
          sessions.delete(session.id);
          if (byKey.get(wanted.key) === session.id) {
            byKey.delete(wanted.key);
          }
          recordIfPossible(() => store.drop([session.id]));
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
    // Callers that ask for the same session wait until one that is not kept is over.
    const state = isKept ? session.state : 'stopping';
    const lifecycle = lifecycleOf(
      { ...session, state, leaseId: lease?.id ?? '', port: lease?.port ?? 0 },
      records,
    );
    managed.lifecycle = lifecycle;
    if (isKept) {
      events.sessionAdopted(session);
      managed.over = carryOn(managed, lifecycle);
      return;
    }
    // It was not ready yet, was about to end, or the host was started anew. Its caller never heard of it, or wanted it gone.
    const end = lease?.end?.reason === 'rebooted' ? 'rebooted' : (session.end ?? 'failed');
    managed.over = lifecycle.processes
      .endAll(0, lifecycle.session().port)
      .then((isClean) => finish(managed, isClean, { end }));
  };

  const stop = async (id: string, end: SessionEnd): Promise<Session<Spec>> => {
    const managed = sessions.get(id);
    if (managed === undefined) {
      throw sessionNotFound(id);
    }
    await managed.begun.catch(() => undefined);
    managed.lifecycle?.stop(end);
    await managed.over;
    return managed.session;
  };

  const get = (id: string): Session<Spec> | undefined => {
    const managed = sessions.get(id);
    return managed?.lifecycle?.session() ?? managed?.session;
  };

  const sweep = async (): Promise<number> => {
    const nonces = new Set(left);
    const isClean = await ender([...nonces], 0);
    if (isClean) {
      for (const nonce of nonces) {
        left.delete(nonce);
      }
      recordIfPossible(() => store.dropProcesses(nonces));
    }
    // If the disk refused the end of a session's lease, that lease lives on.
    const isLiving = (id: string): boolean =>
      !isOver(sessions.get(id)?.session ?? { state: 'ended' });
    for (const { id } of leasesOfNobody(leaseManager, kind.pool, isLiving)) {
      await leaseManager.settle(id, isClean);
    }
    return isClean ? nonces.size : 0;
  };

  for (const session of ofKind) {
    adopt(
      session,
      kept.processes.filter((record) => record.session === session.id),
    );
  }

  const boundAll = async (): Promise<void> => {
    await Promise.all(
      [...sessions.values()].flatMap(({ lifecycle }) => lifecycle?.processes.bound() ?? []),
    );
  };
  const loops = [
    every({ clock, everyMs: SWEEP_EVERY_MS, isPauseFirst: true }, sweep),
    every({ clock, everyMs: BOUND_EVERY_MS, isPauseFirst: true }, boundAll),
  ];

  return {
    start: async (wanted, signal) => {
      const known = sessions.get(byKey.get(wanted.key) ?? '');
      if (known?.lifecycle?.session().state === 'stopping') {
        await known.over;
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
      return {
        session: managed.lifecycle?.session() ?? managed.session,
        isReused: reused !== undefined,
      };
    },
    stop,
    stopAll: async () => {
      await Promise.all(
        [...sessions.values()]
          .filter(({ session }) => !isOver(session))
          .map(({ session }) => stop(session.id, 'stopped')),
      );
    },
    list: () =>
      [...sessions.values()].map((managed) => managed.lifecycle?.session() ?? managed.session),
    get,
    ofKey: (key) => get(byKey.get(key) ?? ''),
    lifecycle: (id) => sessions.get(id)?.lifecycle,
    sweep,
    close: () => {
      for (const loop of loops) {
        void loop.stop();
      }
      closing.abort(new Error('this process ends'));
    },
  };
};

const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
