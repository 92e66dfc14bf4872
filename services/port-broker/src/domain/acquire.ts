import { requestKey, type Ask, type PoolTable, type Waiter } from './lease-table.ts';
import { foreign, grant, setPort, type Answer, type Draft } from './draft.ts';
import type { Lease, Port } from './lease.ts';

/** The most requests that wait for one pool. */
const MAX_WAITING = 1_000;
/** The most of them that are one customer's. */
const MAX_WAITING_PER_CUSTOMER = 100;

/**
 * Decides on a request for ports. Without `until` the answer is in this draft. With `until` it may come in a later one.
 */
export const decideAcquire = (
  draft: Draft,
  ticket: number,
  ask: Ask,
  until: number | undefined,
): void => {
  const { table, answers } = draft;
  const of = table.pools.get(ask.pool);
  if (of === undefined) {
    return void answers.set(ticket, { kind: 'unknown-pool' });
  }
  if (ask.port !== undefined && table.ports.get(ask.port)?.pool !== ask.pool) {
    return void answers.set(ticket, { kind: 'not-in-pool' });
  }
  const answer = tryNow(draft, of, ask, of.waiting.values());
  if (until === undefined || !isWorthWaiting(answer) || isLargerThanShare(of, ask)) {
    return void answers.set(ticket, answer);
  }
  if (of.waiting.size >= MAX_WAITING || isOftenWaiting(of, ask)) {
    return void answers.set(ticket, { kind: 'too-many-waiting' });
  }
  of.waiting.set(ticket, { ticket, ask, until });
  return void draft.undo.push(() => of.waiting.delete(ticket));
};

/** Whether the same request may be granted later. */
const isWorthWaiting = ({ kind }: Answer): boolean =>
  kind === 'exhausted' || kind === 'taken' || kind === 'share-used';

const isOftenWaiting = ({ waiting }: PoolTable, { isBound, owner }: Ask): boolean =>
  isBound &&
  Iterator.from(waiting.values()).reduce((n, { ask }) => n + Number(ask.owner === owner), 0) >=
    MAX_WAITING_PER_CUSTOMER;

/** Whether a customer would have more than a share of the pool. */
const isOverShare = ({ pool, held }: PoolTable, { isBound, owner, count }: Ask): boolean =>
  isBound && (held.get(owner) ?? 0) + count > pool.maxPerCustomer;

const isLargerThanShare = ({ pool }: PoolTable, { isBound, count }: Ask): boolean =>
  isBound && count > pool.maxPerCustomer;

/** Takes out a request that no longer waits, and serves those behind it at once. */
export const decideWithdraw = (draft: Draft, pool: string, ticket: number): void => {
  const of = draft.table.pools.get(pool);
  const waiter = of?.waiting.get(ticket);
  if (of === undefined || waiter === undefined) {
    return;
  }
  leaveQueue(draft, of, waiter);
  serveWaiting(draft, of);
};

/**
 * Serves waiting requests in order. One that takes any port and cannot be served makes all behind it wait, unless it
 * waits for its own customer's share.
 */
export const serveWaiting = (draft: Draft, of: PoolTable): void => {
  const ahead: Waiter[] = [];
  for (const waiter of of.waiting.values()) {
    const isLate = waiter.until <= draft.now;
    const answer = isLate ? late(draft, of, waiter.ask) : tryNow(draft, of, waiter.ask, ahead);
    if (!isLate && isWorthWaiting(answer)) {
      ahead.push(waiter);
      continue;
    }
    leaveQueue(draft, of, waiter);
    draft.answers.set(waiter.ticket, answer);
  }
};

const leaveQueue = (draft: Draft, of: PoolTable, waiter: Waiter): void => {
  // A map keeps the order in which keys came, so undoing this rebuilds all of it.
  const before = [...of.waiting];
  draft.undo.push(() => {
    of.waiting.clear();
    for (const [ticket, each] of before) {
      of.waiting.set(ticket, each);
    }
  });
  of.waiting.delete(waiter.ticket);
};

const late = (draft: Draft, of: PoolTable, ask: Ask): Answer =>
  isOverShare(of, ask) ? shareUsed(draft, of, ask) : exhausted(draft, of);

const shareUsed = (draft: Draft, of: PoolTable, { owner }: Ask): Answer => ({
  kind: 'share-used',
  held: of.held.get(owner) ?? 0,
  share: of.pool.maxPerCustomer,
  retryAfterMs: nextEnd(draft, of, owner),
});

const exhausted = (draft: Draft, of: PoolTable): Answer => ({
  kind: 'exhausted',
  retryAfterMs: nextEnd(draft, of),
});

const tryNow = (draft: Draft, of: PoolTable, ask: Ask, ahead: Iterable<Waiter>): Answer => {
  const repeated = repetition(draft, ask);
  if (repeated !== undefined) {
    return repeated;
  }
  if (isOverShare(of, ask)) {
    return shareUsed(draft, of, ask);
  }
  return ask.port === undefined
    ? tryAny(draft, of, ask, ahead)
    : tryWanted(draft, of, ask, ask.port);
};

const repetition = ({ table }: Draft, ask: Ask): Answer | undefined => {
  const ids = ask.requestId === '' ? undefined : table.requests.get(requestKey(ask));
  if (ids === undefined) {
    return undefined;
  }
  const leases = ids.flatMap((id) => table.leases.get(id)?.lease ?? []);
  return leases.every(({ requestHash }) => requestHash === ask.requestHash)
    ? { kind: 'granted', leases }
    : { kind: 'reused' };
};

const tryAny = (draft: Draft, of: PoolTable, ask: Ask, ahead: Iterable<Waiter>): Answer => {
  const isBehind = Iterator.from(ahead).some(
    ({ ask: theirs }) => theirs.port === undefined && !isOverShare(of, theirs),
  );
  if (isBehind || of.leased + ask.count > of.pool.maxLeases) {
    return exhausted(draft, of);
  }
  const found: Port[] = [];
  for (const number of of.free) {
    if (number < of.pool.firstAny) {
      continue;
    }
    const port = usable(draft, number);
    if (port !== undefined) {
      found.push(port);
    }
    if (found.length === ask.count) {
      return granted(found.map((each) => grant(draft, ask, each)));
    }
  }
  return exhausted(draft, of);
};

const tryWanted = (draft: Draft, of: PoolTable, ask: Ask, number: number): Answer => {
  const port = usable(draft, number);
  if (port === undefined) {
    return { kind: 'taken', state: draft.table.ports.get(number)?.state.kind ?? 'foreign' };
  }
  if (of.leased + 1 > of.pool.maxLeases) {
    return exhausted(draft, of);
  }
  return granted([grant(draft, ask, port)]);
};

const granted = (leases: readonly Lease[]): Answer => ({ kind: 'granted', leases });

/**
 * Finds a free port on which nobody listens. Ports on which somebody does become foreign. Without the socket table no
 * port is usable.
 */
const usable = (draft: Draft, number: number): Port | undefined => {
  const port = draft.table.ports.get(number);
  if (port?.state.kind !== 'free' || draft.occupied === undefined) {
    return undefined;
  }
  if (!draft.occupied(number)) {
    return port;
  }
  setPort(draft, port, foreign(draft.now));
  return undefined;
};

/** Until the next lease of the pool, or of one owner's there, expires; undefined if there is none. */
const nextEnd = (
  { table, now }: Draft,
  { pool }: PoolTable,
  owner?: string,
): number | undefined => {
  let next: number | undefined;
  for (let number = pool.first; number <= pool.last; number += 1) {
    const state = table.ports.get(number)?.state;
    const held = state?.kind === 'leased' ? table.leases.get(state.lease) : undefined;
    if (held?.lease.session === '' && held.lease.owner === (owner ?? held.lease.owner)) {
      next = Math.min(next ?? Infinity, held.dueAt);
    }
  }
  return next === undefined ? undefined : Math.max(0, next - now);
};
