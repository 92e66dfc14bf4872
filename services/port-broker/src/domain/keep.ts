import { MAX_REMEMBERED, type LeaseTable, type PoolTable } from './lease-table.ts';
import { serveWaiting } from './acquire.ts';
import { end, foreign, forget, setLease, setPort, type Draft } from './draft.ts';
import type { Lease, Port } from './lease.ts';

/** Which lease a call is about. */
export interface NamedLease {
  id: string;
  /** A release may give 0: the token is not compared then. */
  token: number;
  /** Only a lease of this owner; undefined: of any owner. */
  owner: string | undefined;
}

/** The outcome of a call about a named lease. */
export type Named =
  | { kind: 'done'; lease: Lease }
  | { kind: 'unknown' }
  | { kind: 'ended' }
  | { kind: 'outdated' }
  | { kind: 'in-use' };

const find = (table: LeaseTable, { id, owner }: Omit<NamedLease, 'token'>): Lease | undefined => {
  const lease = table.leases.get(id)?.lease;
  return lease === undefined || (owner !== undefined && lease.owner !== owner) ? undefined : lease;
};

export const decideRenew = (
  draft: Draft,
  { token, ttlMs, ...named }: NamedLease & { ttlMs: number | undefined },
): Named => {
  const lease = find(draft.table, named);
  if (lease === undefined) {
    return { kind: 'unknown' };
  }
  if (lease.token !== token) {
    return { kind: 'outdated' };
  }
  if (lease.end !== undefined) {
    return { kind: 'ended' };
  }
  const ttl = ttlMs ?? lease.ttlMs;
  const renewed = { ...lease, ttlMs: ttl, expiresAtMs: draft.wall + ttl };
  setLease(draft, renewed, draft.now + ttl);
  return { kind: 'done', lease: renewed };
};

/** Ends a lease for its owner, unless a session uses it. A token of 0 is not compared. */
export const decideRelease = (draft: Draft, { token, ...named }: NamedLease): Named => {
  const lease = find(draft.table, named);
  if (lease === undefined) {
    return { kind: 'unknown' };
  }
  if (token !== 0 && lease.token !== token) {
    return { kind: 'outdated' };
  }
  if (lease.end !== undefined) {
    return { kind: 'done', lease };
  }
  if (lease.session !== '') {
    return { kind: 'in-use' };
  }
  return { kind: 'done', lease: settle(draft, lease, true) };
};

/** Ends the lease of a session that is over. `isClean`: nothing of the session is left, and that is proved. */
export const decideSettle = (draft: Draft, id: string, isClean: boolean): void => {
  const lease = draft.table.leases.get(id)?.lease;
  if (lease !== undefined && lease.end === undefined) {
    settle(draft, lease, isClean);
  }
};

const settle = (draft: Draft, lease: Lease, isClean: boolean): Lease => {
  end(draft, lease, 'released', isClean);
  serve(draft, lease.pool);
  return draft.table.leases.get(lease.id)?.lease ?? lease;
};

export interface Sweep {
  checked: number;
  becameForeign: number[];
  becameFree: number[];
  expired: string[];
  stillQuarantined: number[];
}

/** How many sightings without anybody on the port prove that it is clean. */
const CLEAN_SIGHTINGS = 3;

/** Ends leases that nobody renewed, forgets old ones, and refuses requests that have waited too long. */
export const decideDue = (draft: Draft): string[] => {
  const { table, now } = draft;
  const expired: string[] = [];
  for (const { state } of table.ports.values()) {
    const held = state.kind === 'leased' ? table.leases.get(state.lease) : undefined;
    if (held === undefined || held.dueAt > now || held.lease.session !== '') {
      continue;
    }
    end(draft, held.lease, 'expired');
    expired.push(held.lease.id);
  }
  for (const id of table.ended.keys()) {
    const held = table.leases.get(id);
    if (held === undefined || (held.dueAt > now && table.ended.size <= MAX_REMEMBERED)) {
      break;
    }
    forget(draft, held.lease);
  }
  for (const pool of table.pools.keys()) {
    serve(draft, pool);
  }
  return expired;
};

/** Compares every port that is not leased with the socket table. `isThorough`: also foreign ports that are not due yet. */
export const decideSweep = (draft: Draft, isThorough: boolean): Sweep => {
  const { table, now, occupied } = draft;
  const sweep: Sweep = {
    checked: 0,
    becameForeign: [],
    becameFree: [],
    expired: [],
    stillQuarantined: [],
  };
  sweep.expired = decideDue(draft);
  if (occupied === undefined) {
    return sweep;
  }
  for (const port of table.ports.values()) {
    sweep.checked += 1;
    const next = sighted(port, occupied(port.port), now, isThorough);
    if (next !== undefined) {
      setPort(draft, port, next);
    }
    const kind = next?.kind ?? port.state.kind;
    if (kind === 'quarantined') {
      sweep.stillQuarantined.push(port.port);
    } else if (kind === 'foreign' && port.state.kind === 'free') {
      sweep.becameForeign.push(port.port);
    } else if (kind === 'free' && port.state.kind !== 'free') {
      sweep.becameFree.push(port.port);
    }
  }
  for (const pool of table.pools.keys()) {
    serve(draft, pool);
  }
  return sweep;
};

/** The next state of a port; undefined: it stays as it is. */
const sighted = (
  { state }: Port,
  isOccupied: boolean,
  now: number,
  isThorough: boolean,
): Port['state'] | undefined => {
  switch (state.kind) {
    case 'leased':
      return undefined;
    case 'free':
      return isOccupied ? foreign(now) : undefined;
    case 'foreign':
      if (now < state.checkAt && !isThorough) {
        return undefined;
      }
      return isOccupied ? foreign(now, state.backoffMs) : { kind: 'free' };
    case 'quarantined': {
      const cleanSightings = isOccupied ? 0 : state.cleanSightings + 1;
      return cleanSightings >= CLEAN_SIGHTINGS
        ? { kind: 'free' }
        : { kind: 'quarantined', cleanSightings };
    }
    default:
      return state satisfies never;
  }
};

const serve = (draft: Draft, pool: string): void => {
  const of: PoolTable | undefined = draft.table.pools.get(pool);
  if (of !== undefined && of.waiting.size > 0) {
    serveWaiting(draft, of);
  }
};
