import type { Caller } from '#libs/auth/index.ts';
import type { Context } from '../context.ts';
import { leaseNotFound, poolUnknown } from '../leases/errors.ts';
import type { Ask } from '../domain/lease-table.ts';
import type { Lease } from '../domain/lease.ts';
import type { Pool } from '../domain/pool.ts';

/** The owner whose leases a caller may see and change; undefined: every owner's. */
export const reach = (caller: Caller | undefined): string | undefined =>
  caller === undefined || caller.role === 'customer' ? (caller?.subject ?? '') : undefined;

/** Whose a new lease is, and whether a customer's share of the pool bounds it. */
export const holderOf = (caller: Caller | undefined): Pick<Ask, 'owner' | 'isBound'> => ({
  owner: caller?.subject ?? '',
  isBound: reach(caller) !== undefined,
});

/** Whether a caller may see and change what belongs to `owner`. */
export const reaches = (caller: Caller | undefined, owner: string): boolean =>
  [undefined, owner].includes(reach(caller));

/** Whether a caller may see a lease, and the lease belongs to `pool`; an empty `pool` means any. */
export const isVisible = (lease: Lease, caller: Caller | undefined, pool: string): boolean =>
  reaches(caller, lease.owner) && (pool === '' || lease.pool === pool);

/** The leases that a caller may see, ordered by pool and port. */
export const visibleLeases = (
  { leaseManager }: Context,
  caller: Caller | undefined,
  pool: string,
): Lease[] =>
  [...leaseManager.table().leases.values()]
    .map(({ lease }) => lease)
    .filter((lease) => isVisible(lease, caller, pool))
    .sort((a, b) =>
      a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : a.port - b.port || a.token - b.token,
    );

/** Throws LEASE_NOT_FOUND, also if the lease is another customer's. */
export const findLease = (
  { leaseManager }: Context,
  caller: Caller | undefined,
  id: string,
): Lease => {
  const lease = leaseManager.table().leases.get(id)?.lease;
  if (lease === undefined || !reaches(caller, lease.owner)) {
    throw leaseNotFound(id);
  }
  return lease;
};

export const findPool = ({ leaseManager }: Context, name: string): Pool => {
  const found = leaseManager.table().pools.get(name);
  if (found === undefined) {
    throw poolUnknown(name);
  }
  return found.pool;
};
