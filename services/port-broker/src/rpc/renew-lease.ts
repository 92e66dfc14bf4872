import type { RenewLeaseRequest, RenewLeaseResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { isTtlOf, ttlBounds } from './acquire-lease.ts';
import { findLease, reach } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';

export const renewLease =
  (ctx: Context): Unary<RenewLeaseRequest, RenewLeaseResponse> =>
  async ({ leaseId: id, fencingToken: token, ttl }, { caller }) => {
    const { leaseManager } = ctx;
    const wrong = collectViolations();
    wrong.require(id !== '', 'lease_id', 'must not be empty');
    wrong.require(token !== 0, 'fencing_token', 'give the token of the lease');
    wrong.throwIfAny();
    const { host, pools } = leaseManager.table();
    const pool = pools.get(findLease(ctx, caller, id).pool)?.pool;
    const ttlMs = durationFromProto(ttl);
    if (ttlMs !== undefined && pool !== undefined) {
      wrong.require(isTtlOf(pool, ttlMs), 'ttl', ttlBounds(pool));
      wrong.throwIfAny();
    }
    const lease = await leaseManager.renew({ id, token, owner: reach(caller) }, ttlMs);
    return { lease: leaseToProto(host, lease) };
  };
