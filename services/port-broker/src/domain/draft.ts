import {
  countLease,
  refill,
  REMEMBERED_MS,
  requestKey,
  type Ask,
  type LeaseTable,
} from './lease-table.ts';
import type { EndReason, Lease, Port, PortState } from './lease.ts';

/** Whether any program of this host uses a port; undefined: the socket table cannot be read. */
export type Occupied = ((port: number) => boolean) | undefined;

export interface Times {
  /** Monotonic milliseconds. */
  now: number;
  /** Wall clock in milliseconds, for people. */
  wall: number;
}

/** The answer to a request for ports. */
export type Answer =
  | { kind: 'granted'; leases: readonly Lease[] }
  | { kind: 'reused' }
  | { kind: 'unknown-pool' }
  | { kind: 'not-in-pool' }
  | { kind: 'exhausted'; retryAfterMs: number | undefined }
  /** It would be more than a customer's share. */
  | { kind: 'share-used'; held: number; share: number; retryAfterMs: number | undefined }
  | { kind: 'taken'; state: PortState['kind'] }
  | { kind: 'too-many-waiting' };

/**
 * A decision that is being made. It changes the table at once. `leases`, `ports` and `forgotten` must be durable before
 * anybody is answered; if that fails, `undo` takes everything back.
 */
export interface Draft extends Times {
  table: LeaseTable;
  occupied: Occupied;
  newId: () => string;
  leases: Map<string, Lease>;
  ports: Map<number, Port>;
  forgotten: Set<string>;
  /** The answers to requests, by ticket. */
  answers: Map<number, Answer>;
  undo: (() => void)[];
}

/** `occupied` is read only when a decision needs it, because it may come from the kernel. */
export const beginDraft = (
  table: LeaseTable,
  times: Times,
  options: { occupied: Occupied; newId: () => string },
): Draft => ({
  ...times,
  newId: options.newId,
  get occupied() {
    return options.occupied;
  },
  table,
  leases: new Map(),
  ports: new Map(),
  forgotten: new Set(),
  answers: new Map(),
  undo: [],
});

export const undo = ({ undo: steps, table, ports }: Draft): void => {
  for (const step of steps.toReversed()) {
    step();
  }
  for (const pool of new Set([...ports.values()].map(({ pool: name }) => name))) {
    refill(table, pool);
  }
};

/** Puts a value into a map (undefined: takes it out), and notes how to undo that. */
const put = <K, V>({ undo: steps }: Draft, map: Map<K, V>, key: K, value: V | undefined): void => {
  const before = map.get(key);
  steps.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)));
  if (value === undefined) {
    map.delete(key);
  } else {
    map.set(key, value);
  }
};

export const setPort = (
  draft: Draft,
  port: Port,
  state: PortState,
  more: Partial<Port> = {},
): void => {
  const { table, ports } = draft;
  const next = { ...port, ...more, state };
  put(draft, table.ports, port.port, next);
  ports.set(port.port, next);
  const of = table.pools.get(port.pool);
  if (of === undefined) {
    return;
  }
  countLease(table, of, port.state, -1);
  countLease(table, of, state, 1);
  of.free.delete(port.port);
  if (state.kind === 'free') {
    of.free.add(port.port);
  }
};

export const grant = (draft: Draft, ask: Ask, port: Port): Lease => {
  const { table, now, wall } = draft;
  const { ttlMs, owner, holder, requestId, requestHash, session } = ask;
  const lease: Lease = {
    id: draft.newId(),
    pool: port.pool,
    port: port.port,
    token: port.token + 1,
    owner,
    holder,
    requestId,
    requestHash,
    session,
    ttlMs,
    grantedAtMs: wall,
    expiresAtMs: wall + ttlMs,
  };
  const { used } = table;
  draft.undo.push(() => {
    table.used = used;
  });
  table.used += 1;
  // The lease comes first, because the port counts for its owner.
  setLease(draft, lease, now + ttlMs);
  setPort(
    draft,
    port,
    { kind: 'leased', lease: lease.id },
    { token: lease.token, used: table.used },
  );
  if (requestId !== '') {
    const key = requestKey(ask);
    put(draft, table.requests, key, [...(table.requests.get(key) ?? []), lease.id]);
  }
  return lease;
};

/** Sets a lease in the table, to be made durable. */
export const setLease = (draft: Draft, lease: Lease, dueAt: number): void => {
  put(draft, draft.table.leases, lease.id, { lease, dueAt });
  draft.leases.set(lease.id, lease);
};

/**
 * Ends a lease. Its port becomes free, or foreign if somebody listens on it. It goes into quarantine if the socket
 * table cannot be read, or if nothing proves (`isClean`) that our programs have left it.
 */
export const end = (draft: Draft, lease: Lease, reason: EndReason, isClean = true): void => {
  const { table, now, wall, occupied } = draft;
  setLease(draft, { ...lease, end: { atMs: wall, reason } }, now + REMEMBERED_MS);
  put(draft, table.ended, lease.id, true);
  const port = table.ports.get(lease.port);
  if (port?.state.kind !== 'leased' || port.state.lease !== lease.id) {
    return;
  }
  if (occupied === undefined || !isClean) {
    setPort(draft, port, { kind: 'quarantined', cleanSightings: 0 });
  } else {
    setPort(draft, port, occupied(lease.port) ? foreign(now) : { kind: 'free' });
  }
};

/** Forgets an ended lease, and its request if this was the request's last lease. */
export const forget = (draft: Draft, lease: Lease): void => {
  const { table } = draft;
  put(draft, table.leases, lease.id, undefined);
  put(draft, table.ended, lease.id, undefined);
  draft.forgotten.add(lease.id);
  const key = requestKey(lease);
  const left = table.requests.get(key)?.filter((id) => id !== lease.id) ?? [];
  if (table.requests.has(key)) {
    put(draft, table.requests, key, left.length === 0 ? undefined : left);
  }
};

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

/** The state of a port that somebody else uses. The broker checks it again after 1 s, 2 s, … 60 s. */
export const foreign = (now: number, backoffMs = FIRST_BACKOFF_MS): PortState => ({
  kind: 'foreign',
  checkAt: now + backoffMs,
  backoffMs: Math.min(backoffMs * 2, MAX_BACKOFF_MS),
});
