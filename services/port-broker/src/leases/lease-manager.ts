import { addAbortListener } from 'node:events';
import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { DomainError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import { decideAcquire, decideWithdraw } from '../domain/acquire.ts';
import { openLeaseTable, type Ask, type LeaseTable } from '../domain/lease-table.ts';
import { beginDraft, end, undo, type Answer, type Draft, type Occupied } from '../domain/draft.ts';
import {
  decideDue,
  decideRelease,
  decideRenew,
  decideSettle,
  decideSweep,
  type Named,
  type NamedLease,
  type Sweep,
} from '../domain/keep.ts';
import type { Lease } from '../domain/lease.ts';
import type { Pool } from '../domain/pool.ts';
import type { Events } from '../events.ts';
import type { SocketTable } from '../host/socket-table.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import {
  diskRefuses,
  leaseEnded,
  leaseInUse,
  leaseNotFound,
  refusalOf,
  socketTableUnreadable,
  tokenOutdated,
} from './errors.ts';

interface LeaseManagerOptions {
  host: string;
  pools: readonly Pool[];
  store: LeaseStore;
  sockets: SocketTable;
  bootId: string;
  clock: Clock;
  random: Random;
  events: Events;
}

/**
 * Leases the ports of this host. It decides requests in order, makes many decisions durable with one write, and then
 * answers.
 */
export interface LeaseManager {
  /** Rejects with RESOURCE_EXHAUSTED at once or after `waitMs`, and with the signal's reason when it aborts. */
  acquire(ask: Ask, waitMs: number | undefined, signal: AbortSignal): Promise<readonly Lease[]>;
  renew(named: NamedLease, ttlMs: number | undefined): Promise<Lease>;
  release(named: NamedLease): Promise<Lease>;
  /** Ends the lease of a session that is over. Its port goes into quarantine unless it is proved clean (`isClean`). */
  settle(id: string, isClean: boolean): Promise<void>;
  /** Rejects with UNAVAILABLE `socket table`. */
  reconcile(): Promise<Sweep>;
  /** The present table. Only read it. */
  table(): LeaseTable;
  /** Why the manager grants no leases now; empty if it does. */
  trouble(): string;
  /** Calls `fn` with each new or changed lease once it is durable. Returns a function that stops this. */
  onChange(fn: (lease: Lease) => void): () => void;
  close(): void;
}

const MAX_AT_ONCE = 500;
const DUE_EVERY_MS = 250;
const SWEEP_EVERY_MS = 2_000;

interface Job {
  run: (draft: Draft) => void;
  /** The decision is durable. */
  done: () => void;
  fail: (error: DomainError) => void;
}

/**
 * Opens the leases of an earlier process. Those of an earlier boot of the host end, because none of its programs is
 * left.
 */
export const openLeaseManager = (options: LeaseManagerOptions): LeaseManager => {
  const { store, sockets, clock, random, events } = options;
  const { bootId, ...kept } = store.load();
  const table = openLeaseTable(options.host, options.pools, kept, clock.monotonic());
  const listeners = new Set<(lease: Lease) => void>();
  /** The callers that wait for an answer, by ticket. */
  const waiting = new Map<number, (answer: Answer) => void>();
  let queue: Job[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let tickets = 0;
  const trouble = { disk: '', sockets: '' };
  let isClosed = false;

  /**
   * The socket table for the decisions of one turn. The first that needs it reads it, because few do and it can be
   * long.
   */
  const lookOnce = () => {
    let seen: { occupied: Occupied } | undefined;
    return {
      newId: () => random.id('l'),
      get occupied() {
        seen ??= { occupied: sockets.read() };
        return seen.occupied;
      },
      /** undefined: it was not read. */
      isReadable: () => seen && seen.occupied !== undefined,
    };
  };
  const flush = (): void => {
    scheduled = undefined;
    const jobs = queue.slice(0, MAX_AT_ONCE);
    queue = queue.slice(MAX_AT_ONCE);
    if (queue.length > 0) {
      schedule();
    }
    const times = { now: clock.monotonic(), wall: clock.now() };
    const drafts: Draft[] = [];
    const look = lookOnce();
    for (const { run } of jobs) {
      const draft = beginDraft(table, times, look);
      run(draft);
      drafts.push(draft);
    }
    try {
      const changed = drafts.filter(
        ({ leases, ports, forgotten }) => leases.size + ports.size + forgotten.size > 0,
      );
      if (changed.length > 0) {
        store.write(changed);
      }
      trouble.disk = '';
      if (look.isReadable() !== undefined) {
        trouble.sockets = look.isReadable() === true ? '' : socketTableUnreadable().message;
      }
    } catch (thrown) {
      for (const draft of drafts.toReversed()) {
        undo(draft);
      }
      const error = diskRefuses(thrown);
      if (trouble.disk === '') {
        events.diskFailed(thrown);
      }
      trouble.disk = error.message;
      for (const { fail } of jobs) {
        fail(error);
      }
      return;
    }
    for (const [i, { leases, answers }] of drafts.entries()) {
      jobs[i]?.done();
      for (const [ticket, answer] of answers) {
        waiting.get(ticket)?.(answer);
      }
      for (const lease of leases.values()) {
        if (lease.end !== undefined) {
          events.leaseEnded(lease);
        }
        for (const listener of listeners) {
          listener(lease);
        }
      }
    }
  };
  const schedule = (): void => {
    scheduled ??= setImmediate(flush);
  };
  const decide = <T>(run: (draft: Draft) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (isClosed) {
        return reject(diskRefuses(new Error('closed')));
      }
      let result: T;
      queue.push({
        run: (draft) => {
          result = run(draft);
        },
        done: () => resolve(result),
        fail: reject,
      });
      schedule();
    });

  const leaseOf = ({ id }: NamedLease, named: Named): Lease => {
    switch (named.kind) {
      case 'done':
        return named.lease;
      case 'unknown':
        throw leaseNotFound(id);
      case 'ended':
        throw leaseEnded(id);
      case 'in-use':
        throw leaseInUse(id, table.leases.get(id)?.lease.session ?? '');
      case 'outdated':
        throw tokenOutdated(id);
      default:
        return named satisfies never;
    }
  };

  if (bootId !== options.bootId) {
    const draft = beginDraft(table, { now: clock.monotonic(), wall: clock.now() }, lookOnce());
    for (const { lease } of table.leases.values()) {
      if (lease.end === undefined) {
        end(draft, lease, 'rebooted');
      }
    }
    store.write([draft]);
    store.setBootId(options.bootId);
  }
  // Only the disk can fail here, and `trouble` reports that.
  const loops = [
    every({ clock, everyMs: DUE_EVERY_MS, isPauseFirst: true }, () => decide(decideDue)),
    every({ clock, everyMs: SWEEP_EVERY_MS, isPauseFirst: true }, () =>
      decide((draft) => decideSweep(draft, false)),
    ),
  ];

  return {
    acquire: async (ask, waitMs, signal) => {
      signal.throwIfAborted();
      tickets += 1;
      const ticket = tickets;
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      waiting.set(ticket, resolve);
      using _listener = addAbortListener(signal, () => {
        reject(signal.reason);
        void decide((draft) => decideWithdraw(draft, ask.pool, ticket)).catch(() => undefined);
      });
      try {
        const until = waitMs === undefined ? undefined : clock.monotonic() + waitMs;
        decide((draft) => decideAcquire(draft, ticket, ask, until)).catch(reject);
        const answer = await promise;
        if (answer.kind === 'granted') {
          return answer.leases;
        }
        throw sockets.read() === undefined ? socketTableUnreadable() : refusalOf(answer, ask);
      } finally {
        waiting.delete(ticket);
      }
    },
    renew: async (named, ttlMs) =>
      leaseOf(named, await decide((draft) => decideRenew(draft, { ...named, ttlMs }))),
    release: async (named) => leaseOf(named, await decide((draft) => decideRelease(draft, named))),
    settle: (id, isClean) => decide((draft) => decideSettle(draft, id, isClean)),
    reconcile: async () => {
      const sweep = await decide((draft) => decideSweep(draft, true));
      if (sweep.checked === 0) {
        throw socketTableUnreadable();
      }
      return sweep;
    },
    table: () => table,
    trouble: () => (trouble.disk === '' ? trouble.sockets : trouble.disk),
    onChange: (fn) => {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
    close: () => {
      isClosed = true;
      for (const loop of loops) {
        void loop.stop();
      }
      if (scheduled !== undefined) {
        clearImmediate(scheduled);
        flush();
      }
    },
  };
};
