import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Desk } from '../desk/desk.ts';
import { diskTakesNothing } from '../desk/errors.ts';
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
import { createEnder, StartFailure } from '#libs/programs/index.ts';
import type { SessionStore } from '../store/session-store.ts';
import { newEntry, type Entry } from './entry.ts';
import { sessionNotFound, startFailed } from './errors.ts';
import type { Kind } from './kind.ts';
import { acquireFor, leaseOf, leasesOfNobody } from './leases.ts';
import { createLife, type Life } from './life.ts';
import { createParts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface KeeperOptions {
  /** Folder for what belongs to sessions while they live. */
  folder: string;
  desk: Desk;
  store: SessionStore;
  sockets: SocketTable;
  clock: Clock;
  random: Random;
  events: Events;
  /** Called behind each durable step, by name: a test ends the process there. */
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
  /** How long to wait for a port; undefined: not. */
  waitMs: number | undefined;
}

/** The sessions of one kind: starts, stops and lists them, and takes them over from the process before. */
export interface Keeper<Spec> {
  /** Rejects with what the desk says, or with why its programs did not come up; then nothing is left of it. */
  start(wanted: Wanted<Spec>, signal: AbortSignal): Promise<{ session: Session<Spec>; isReused: boolean }>;
  /** Resolves when it is over, at once if it is already. */
  stop(id: string, end: SessionEnd): Promise<Session<Spec>>;
  /** Ends all. */
  stopAll(): Promise<void>;
  /** Living ones, and ended ones of the last days. */
  list(): Session<Spec>[];
  get(id: string): Session<Spec> | undefined;
  /** The living one of a key. */
  ofKey(key: string): Session<Spec> | undefined;
  /** What lives of it. */
  life(id: string): Life<Spec> | undefined;
  /** Does now what it does every few seconds: tries again to end what could not be ended. Resolves to how many processes are gone by that. */
  sweep(): Promise<number>;
  /** Lets go of all: the programs live on. */
  close(): void;
}

/** A port can be taken between its lease and its use. */
const MOST_PORTS = 3;
const SWEEP_EVERY_MS = 10_000;
const BOUND_EVERY_MS = 500;

/** Opens the sessions of one kind that an earlier process left, and goes on with those whose lease lives. */
export const openKeeper = <Spec>(kind: Kind<Spec>, options: KeeperOptions): Keeper<Spec> => {
  const { desk, store, sockets, clock, random, events, failpoint } = options;
  const kept = store.load();
  const ofKind = (kept.sessions as Session<Spec>[]).filter((session) => session.kind === kind.name);
  const history = createHistory(ofKind);
  const entries = new Map<string, Entry<Spec>>();
  const byKey = new Map<string, string>();
  const closing = new AbortController();
  const inTurn = pLimit(kind.startsAtOnce);
  const ender = createEnder(clock);
  /** Nonces of sessions that are over, of which something may be left. */
  const left = new Set<string>();

  /** Makes something durable, or throws UNAVAILABLE `disk`. */
  const write = (what: () => void): void => {
    try {
      what();
    } catch (thrown) {
      throw diskTakesNothing(thrown);
    }
  };
  /** Makes something durable that has happened already: what runs, runs, and what is gone is gone, also where the disk takes nothing. */
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
    const entry = entries.get(session.id);
    if (entry !== undefined) entry.session = session;
    recordIfPossible(() => keep(session));
    events.sessionChanged(session);
    kind.changed?.(session);
  };
  const folderOf = ({ id }: Session): string => join(options.folder, id);

  const lifeOf = (session: Session<Spec>, records: readonly ProcessRecord[]): Life<Spec> => {
    const parts = createParts(
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
    return createLife(session, {
      kind,
      folder: folderOf(session),
      parts,
      clock,
      closing: closing.signal,
      changed: tell,
    });
  };

  /** The session is over, and its programs are or are not proved to be gone. */
  const settle = async (entry: Entry<Spec>, isClean: boolean, last: Partial<Session<Spec>>): Promise<void> => {
    const session: Session<Spec> = { ...(entry.life?.session() ?? entry.session), ...last, state: 'ended' };
    for (const nonce of entry.life?.parts.nonces() ?? []) left.add(nonce);
    if (session.leaseId !== '') {
      await desk.settle(session.leaseId, isClean).catch((thrown: unknown) => events.diskFailed(thrown));
      failpoint('lease-settled');
    }
    await rm(folderOf(session), { recursive: true, force: true }).catch(() => undefined);
    entry.life = undefined;
    entry.session = session;
    if (byKey.get(session.key) === session.id) byKey.delete(session.key);
    tell({ ...session, endedAtMs: clock.now() });
    const forgotten = history.add(session.id);
    if (forgotten.length === 0) return;
    for (const id of forgotten) entries.delete(id);
    recordIfPossible(() => store.drop(forgotten));
    kind.forgotten?.(forgotten);
  };
  const carryOn = async (entry: Entry<Spec>, life: Life<Spec>): Promise<void> => {
    const isClean = await life.carryOn();
    if (closing.signal.aborted && life.session().state !== 'stopping') return;
    await settle(entry, isClean, {});
  };

  /** Leases a port and starts the programs on it, on another one where somebody took that meanwhile. */
  const begin = async (entry: Entry<Spec>, wanted: Wanted<Spec>): Promise<Life<Spec>> => {
    for (let tries = 1; ; tries += 1) {
      const { signal } = entry.giveUp;
      const about = { pool: kind.pool, session: entry.session.id, ...wanted };
      const lease = await acquireFor(desk, about, wanted.waitMs, signal);
      failpoint('lease-granted');
      const session = { ...entry.session, leaseId: lease.id, port: lease.port };
      entry.session = session;
      const life = lifeOf(session, []);
      entry.life = life;
      try {
        await inTurn(() => life.begin());
        return life;
      } catch (thrown) {
        const isTaken =
          thrown instanceof StartFailure && (thrown.reason === 'PORT_TAKEN' || thrown.reason === 'FOREIGN_LISTENER');
        // A stranger on the port is no sign that anything of ours is left; the desk looks who has it.
        const isClean = await life.parts.endAll(0, isTaken ? 0 : session.port);
        if (!isTaken || tries === MOST_PORTS) {
          await settle(entry, isClean, { end: 'failed', lastError: messageOf(thrown) });
          throw thrown instanceof StartFailure ? startFailed(thrown) : thrown;
        }
        await desk.settle(session.leaseId, isClean);
      }
    }
  };

  const enter = (session: Session<Spec>): Entry<Spec> => {
    const entry = newEntry(session);
    entries.set(session.id, entry);
    return entry;
  };
  const create = (wanted: Wanted<Spec>): Entry<Spec> => {
    const session = newSession(kind.name, random.id(kind.name.slice(0, 3)), wanted, clock.now());
    const entry = enter(session);
    byKey.set(wanted.key, session.id);
    const begun = (async () => {
      try {
        write(() => keep(session));
        return await begin(entry, wanted);
      } catch (thrown) {
        // No port, or no disk: there is nothing of it.
        if (!isOver(entry.session)) {
          entries.delete(session.id);
          if (byKey.get(wanted.key) === session.id) byKey.delete(wanted.key);
          recordIfPossible(() => store.drop([session.id]));
        }
        throw thrown;
      }
    })();
    entry.begun = begun;
    entry.over = begun.then(
      (life) => carryOn(entry, life),
      () => undefined,
    );
    return entry;
  };

  const adopt = (session: Session<Spec>, records: readonly ProcessRecord[]): void => {
    const entry = enter(session);
    if (isOver(session)) {
      for (const { nonce } of records) left.add(nonce);
      return;
    }
    byKey.set(session.key, session.id);
    const lease = leaseOf(desk, session.id);
    const isHeld = lease !== undefined && lease.end === undefined;
    const isKept = isHeld && (session.state === 'ready' || session.state === 'restarting');
    // Whoever asks for the same is to wait for the end of one that is not kept.
    const state = isKept ? session.state : 'stopping';
    const life = lifeOf({ ...session, state, leaseId: lease?.id ?? '', port: lease?.port ?? 0 }, records);
    entry.life = life;
    if (isKept) {
      events.sessionAdopted(session);
      entry.over = carryOn(entry, life);
      return;
    }
    // It was not ready yet, or about to end; or the host was started anew. Its caller never heard of it, or wanted it gone.
    const end = lease?.end?.reason === 'rebooted' ? 'rebooted' : (session.end ?? 'failed');
    entry.over = life.parts.endAll(0, life.session().port).then((isClean) => settle(entry, isClean, { end }));
  };

  const stop = async (id: string, end: SessionEnd): Promise<Session<Spec>> => {
    const entry = entries.get(id);
    if (entry === undefined) throw sessionNotFound(id);
    await entry.begun.catch(() => undefined);
    entry.life?.stop(end);
    await entry.over;
    return entry.session;
  };

  const get = (id: string): Session<Spec> | undefined => {
    const entry = entries.get(id);
    return entry?.life?.session() ?? entry?.session;
  };

  const sweep = async (): Promise<number> => {
    const nonces = new Set(left);
    const isClean = await ender([...nonces], 0);
    if (isClean) {
      for (const nonce of nonces) left.delete(nonce);
      recordIfPossible(() => store.dropProcesses(nonces));
    }
    // Where the disk took nothing when a session ended, its lease lives on.
    const isLiving = (id: string): boolean => !isOver(entries.get(id)?.session ?? { state: 'ended' });
    for (const { id } of leasesOfNobody(desk, kind.pool, isLiving)) await desk.settle(id, isClean);
    return isClean ? nonces.size : 0;
  };

  for (const session of ofKind) {
    adopt(
      session,
      kept.processes.filter((record) => record.session === session.id),
    );
  }

  const boundAll = async (): Promise<void> => {
    await Promise.all([...entries.values()].flatMap(({ life }) => life?.parts.bound() ?? []));
  };
  const stops = [repeat(clock, SWEEP_EVERY_MS, sweep), repeat(clock, BOUND_EVERY_MS, boundAll)];

  return {
    start: async (wanted, signal) => {
      const known = entries.get(byKey.get(wanted.key) ?? '');
      if (known?.life?.session().state === 'stopping') {
        await known.over;
        signal.throwIfAborted();
      }
      const reused = entries.get(byKey.get(wanted.key) ?? '');
      const entry = reused ?? create(wanted);
      entry.interested += 1;
      const { promise: gone, reject } = Promise.withResolvers<never>();
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await Promise.race([entry.begun, gone]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        entry.interested -= 1;
        if (entry.interested === 0 && signal.aborted) entry.giveUp.abort(signal.reason);
      }
      return { session: entry.life?.session() ?? entry.session, isReused: reused !== undefined };
    },
    stop,
    stopAll: async () => {
      await Promise.all(
        [...entries.values()]
          .filter(({ session }) => !isOver(session))
          .map(({ session }) => stop(session.id, 'stopped')),
      );
    },
    list: () => [...entries.values()].map((entry) => entry.life?.session() ?? entry.session),
    get,
    ofKey: (key) => get(byKey.get(key) ?? ''),
    life: (id) => entries.get(id)?.life,
    sweep,
    close: () => {
      for (const stopIt of stops) stopIt();
      closing.abort(new Error('this process ends'));
    },
  };
};

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
