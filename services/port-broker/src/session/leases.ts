import type { LeaseManager } from '../leases/lease-manager.ts';
import type { Ask } from '../domain/lease-table.ts';
import type { Lease } from '../domain/lease.ts';

const HOUR_MS = 3_600_000;

/**
 * Leases any port for a session. The lease ends with the session, not by time. Rejects as `LeaseManager.acquire` does.
 */
export const acquireFor = async (
  leaseManager: LeaseManager,
  about: Pick<Ask, 'pool' | 'session' | 'owner' | 'holder' | 'isBound'> & {
    waitMs: number | undefined;
  },
  signal: AbortSignal,
): Promise<Lease> => {
  const { pool, session, owner, holder, isBound, waitMs } = about;
  const ttlMs = leaseManager.table().pools.get(pool)?.pool.defaultTtlMs ?? HOUR_MS;
  const ask = { port: undefined, count: 1, ttlMs, requestId: '', requestHash: '' };
  const [lease] = await leaseManager.acquire(
    { ...ask, pool, session, owner, holder, isBound },
    waitMs,
    signal,
  );
  if (lease === undefined) {
    throw new TypeError('the lease manager granted no lease');
  }
  return lease;
};

/** A session's live lease, or else its latest. A session that found its port taken has had several. */
export const leaseOf = (leaseManager: LeaseManager, session: string): Lease | undefined =>
  all(leaseManager)
    .filter((lease) => lease.session === session)
    .sort(
      (a, b) =>
        Number(a.end !== undefined) - Number(b.end !== undefined) || b.grantedAtMs - a.grantedAtMs,
    )[0];

/** The live leases of a pool whose sessions are over. */
export const leasesOfNobody = (
  leaseManager: LeaseManager,
  pool: string,
  isLiving: (session: string) => boolean,
): Lease[] =>
  all(leaseManager).filter(
    (lease) =>
      lease.pool === pool &&
      lease.session !== '' &&
      lease.end === undefined &&
      !isLiving(lease.session),
  );

const all = (leaseManager: LeaseManager): Lease[] =>
  [...leaseManager.table().leases.values()].map(({ lease }) => lease);
