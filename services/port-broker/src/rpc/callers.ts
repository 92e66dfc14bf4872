import type { Caller } from '#libs/auth/index.ts';
import type { Context } from '../context.ts';
import { leaseNotFound, poolUnknown } from '../leases/errors.ts';
import type { Lease } from '../domain/lease.ts';
import type { Pool } from '../domain/pool.ts';

/** Whose leases a caller may see and change: their own, or (undefined) everybody's. */
export const reach = (caller: Caller | undefined): string | undefined =>
  caller === undefined || caller.role === 'customer' ? (caller?.subject ?? '') : undefined;

/** The leases that a caller may see, by pool and port. */
export const visibleLeases = (
  { leaseManager }: Context,
  caller: Caller | undefined,
  pool: string,
): Lease[] => {
  const owner = reach(caller);
  return [...leaseManager.table().leases.values()]
    .map(({ lease }) => lease)
    .filter(
      (lease) =>
        (owner === undefined || lease.owner === owner) && (pool === '' || lease.pool === pool),
    )
    .sort((a, b) =>
      a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : a.port - b.port || a.token - b.token,
    );
};

/** Throws LEASE_NOT_FOUND, also for another customer's. */
export const findLease = (
  { leaseManager }: Context,
  caller: Caller | undefined,
  id: string,
): Lease => {
  const lease = leaseManager.table().leases.get(id)?.lease;
  const owner = reach(caller);
  if (lease === undefined || (owner !== undefined && lease.owner !== owner)) {
    throw leaseNotFound(id);
  }
  return lease;
};

/** Throws PORT_POOL_UNKNOWN. */
export const findPool = ({ leaseManager }: Context, name: string): Pool => {
  const found = leaseManager.table().pools.get(name);
  if (found === undefined) {
    throw poolUnknown(name);
  }
  return found.pool;
};
