import type { RenewLeaseRequest, RenewLeaseResponse } from '#libs/contracts/port.ts';
import { invalidFields, type FieldViolation } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { ttlBounds } from './acquire-lease.ts';
import { findLease, reach } from './callers.ts';
import { leaseToProto } from './lease-proto.ts';

/** Lets a lease end later. */
export const renewLease =
  ({ desk, ...ctx }: Context): Unary<RenewLeaseRequest, RenewLeaseResponse> =>
  async ({ leaseId, fencingToken, ttl }, { caller }) => {
    const violations: FieldViolation[] = [];
    if (leaseId === '') violations.push({ field: 'lease_id', description: 'name a lease' });
    if (fencingToken === 0) violations.push({ field: 'fencing_token', description: 'give the token of the lease' });
    if (violations.length > 0) throw invalidFields(violations);
    const { pool: name } = findLease({ desk, ...ctx }, caller, leaseId);
    const pool = desk.book().pools.get(name)?.pool;
    const ttlMs = durationFromProto(ttl);
    if (ttlMs !== undefined && pool !== undefined && (ttlMs < pool.minTtlMs || ttlMs > pool.maxTtlMs)) {
      throw invalidFields([{ field: 'ttl', description: ttlBounds(pool) }]);
    }
    const lease = await desk.renew({ id: leaseId, token: fencingToken, owner: reach(caller) }, ttlMs);
    return { lease: leaseToProto(desk.book().host, lease) };
  };
