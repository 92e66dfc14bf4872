import type { Desk } from '../desk/desk.ts';
import type { Lease } from '../domain/lease.ts';

/** Whose lease it is to be, and on which session it lives. */
interface About {
  pool: string;
  session: string;
  owner: string;
  /** What it is for. */
  holder: string;
}

const HOUR_MS = 3_600_000;

/** Leases any port for a session: it ends with that, and not by time. Rejects as `Desk.acquire` does. */
export const acquireFor = async (
  desk: Desk,
  { pool, session, owner, holder }: About,
  waitMs: number | undefined,
  signal: AbortSignal,
): Promise<Lease> => {
  const ttlMs = desk.book().pools.get(pool)?.pool.defaultTtlMs ?? HOUR_MS;
  const about = { owner, holder, session, requestId: '', requestHash: '' };
  const [lease] = await desk.acquire({ pool, port: undefined, count: 1, ttlMs, ...about }, waitMs, signal);
  if (lease === undefined) throw new TypeError('the desk granted no lease');
  return lease;
};

/** The lease of a session: the one that lives, or else the latest; a session that found its port taken has had several. */
export const leaseOf = (desk: Desk, session: string): Lease | undefined =>
  all(desk)
    .filter((lease) => lease.session === session)
    .sort((a, b) => Number(a.end !== undefined) - Number(b.end !== undefined) || b.grantedAtMs - a.grantedAtMs)[0];

/** Leases that live on for sessions of a pool that do not. */
export const leasesOfNobody = (desk: Desk, pool: string, isLiving: (session: string) => boolean): Lease[] =>
  all(desk).filter(
    (lease) => lease.pool === pool && lease.session !== '' && lease.end === undefined && !isLiving(lease.session),
  );

const all = (desk: Desk): Lease[] => [...desk.book().leases.values()].map(({ lease }) => lease);
