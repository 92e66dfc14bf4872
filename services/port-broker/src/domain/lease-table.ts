import type { Held, Lease, Port, PortState } from './lease.ts';
import type { Pool } from './pool.ts';

export interface Waiter {
  ticket: number;
  ask: Ask;
  /** Monotonic milliseconds. */
  until: number;
}

export interface Ask {
  pool: string;
  /** Only this port will do; undefined: any port. */
  port: number | undefined;
  count: number;
  ttlMs: number;
  owner: string;
  holder: string;
  requestId: string;
  requestHash: string;
  /** See `Lease.session`. */
  session: string;
  /** Whether the owner may have only a customer's share of the pool. Operators and services may have all of it. */
  isBound: boolean;
}

/** The ports and leases of a pool. */
export interface PoolTable {
  pool: Pool;
  /** Free ports, the least recently used first. */
  free: Set<number>;
  leased: number;
  /** How many leases each owner has. */
  held: Map<string, number>;
  /** In the order in which they came. */
  waiting: Map<number, Waiter>;
}

/** Everything that is known of a host's ports. Only the `decide…` functions change it, in place. */
export interface LeaseTable {
  host: string;
  pools: Map<string, PoolTable>;
  ports: Map<number, Port>;
  /** Live leases, and ended ones for a day. */
  leases: Map<string, Held>;
  /** The ids of ended leases, in the order in which they ended. */
  ended: Map<string, true>;
  /** `<owner>/<request id>` → the leases that it made. */
  requests: Map<string, string[]>;
  /** The latest of `Port.used`. */
  used: number;
}

/** What an earlier process has stored. */
export interface Kept {
  ports: readonly { port: number; token: number; used: number; isQuarantined: boolean }[];
  leases: readonly Lease[];
}

/** How long the table remembers ended leases and their request ids, and how many at most. */
export const REMEMBERED_MS = 24 * 3_600_000;
export const MAX_REMEMBERED = 10_000;

export const requestKey = ({ owner, requestId }: Pick<Ask, 'owner' | 'requestId'>): string =>
  `${owner}/${requestId}`;

/**
 * Opens the table that an earlier process left. Live leases get their full time again from `now` on (monotonic
 * milliseconds). If the port of a live lease belongs to no pool any more, the lease lives on, and the port is never
 * leased again.
 */
export const openLeaseTable = (
  host: string,
  pools: readonly Pool[],
  kept: Kept,
  now: number,
): LeaseTable => {
  const table: LeaseTable = {
    host,
    pools: new Map(),
    ports: new Map(),
    leases: new Map(),
    ended: new Map(),
    requests: new Map(),
    used: Math.max(0, ...kept.ports.map(({ used }) => used)),
  };
  const known = new Map(kept.ports.map((port) => [port.port, port]));
  for (const pool of pools) {
    table.pools.set(pool.name, {
      pool,
      free: new Set(),
      leased: 0,
      held: new Map(),
      waiting: new Map(),
    });
    for (let port = pool.first; port <= pool.last; port += 1) {
      const { token = 0, used = 0, isQuarantined = false } = known.get(port) ?? {};
      const state: PortState = isQuarantined
        ? { kind: 'quarantined', cleanSightings: 0 }
        : { kind: 'free' };
      table.ports.set(port, { port, pool: pool.name, token, used, state });
    }
  }
  const byEnd = kept.leases.toSorted((a, b) => (a.end?.atMs ?? 0) - (b.end?.atMs ?? 0));
  for (const lease of byEnd) {
    table.leases.set(lease.id, {
      lease,
      dueAt: now + (lease.end === undefined ? lease.ttlMs : REMEMBERED_MS),
    });
    if (lease.requestId !== '') {
      const key = requestKey(lease);
      table.requests.set(key, [...(table.requests.get(key) ?? []), lease.id]);
    }
    if (lease.end !== undefined) {
      table.ended.set(lease.id, true);
      continue;
    }
    const port = table.ports.get(lease.port) ?? {
      port: lease.port,
      pool: '',
      token: 0,
      used: 0,
      state: { kind: 'free' },
    };
    table.ports.set(lease.port, {
      ...port,
      token: lease.token,
      state: { kind: 'leased', lease: lease.id },
    });
  }
  for (const pool of table.pools.keys()) {
    refill(table, pool);
  }
  return table;
};

/** Rebuilds what a pool's table says of its ports: the free ones, how many are leased, and to whom. */
export const refill = (table: LeaseTable, name: string): void => {
  const of = table.pools.get(name);
  if (of === undefined) {
    return;
  }
  const free: Port[] = [];
  of.leased = 0;
  of.held.clear();
  for (let number = of.pool.first; number <= of.pool.last; number += 1) {
    const port = table.ports.get(number);
    if (port?.state.kind === 'free') {
      free.push(port);
    }
    if (port !== undefined) {
      countLease(table, of, port.state, 1);
    }
  }
  of.free.clear();
  for (const { port } of free.sort((a, b) => a.used - b.used || a.port - b.port)) {
    of.free.add(port);
  }
};

/** Counts a port that is leased, or (`by` -1) no longer; in any other state it does not count. */
export const countLease = (
  { leases }: Pick<LeaseTable, 'leases'>,
  of: PoolTable,
  state: PortState,
  by: 1 | -1,
): void => {
  if (state.kind !== 'leased') {
    return;
  }
  of.leased += by;
  const owner = leases.get(state.lease)?.lease.owner ?? '';
  const count = (of.held.get(owner) ?? 0) + by;
  if (count === 0) {
    of.held.delete(owner);
  } else {
    of.held.set(owner, count);
  }
};
