import type { RenewLeaseRequest, RenewLeaseResponse } from '#libs/contracts/port.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { ttlBounds } from './acquire-lease.ts';
import { findLease, reach } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';

/** Lets a lease end later. */
export const renewLease =
  ({ leaseManager, ...ctx }: Context): Unary<RenewLeaseRequest, RenewLeaseResponse> =>
  async ({ leaseId, fencingToken, ttl }, { caller }) => {
    const wrong = collectViolations();
    wrong.require(leaseId !== '', 'lease_id', 'must not be empty');
    wrong.require(fencingToken !== 0, 'fencing_token', 'give the token of the lease');
    wrong.throwIfAny();
    const { pool: name } = findLease({ leaseManager, ...ctx }, caller, leaseId);
    const pool = leaseManager.table().pools.get(name)?.pool;
    const ttlMs = durationFromProto(ttl);
    if (
      ttlMs !== undefined &&
      pool !== undefined &&
      (ttlMs < pool.minTtlMs || ttlMs > pool.maxTtlMs)
    ) {
      throw invalidFields([{ field: 'ttl', description: ttlBounds(pool) }]);
    }
    const lease = await leaseManager.renew(
      { id: leaseId, token: fencingToken, owner: reach(caller) },
      ttlMs,
    );
    return { lease: leaseToProto(leaseManager.table().host, lease) };
  };
