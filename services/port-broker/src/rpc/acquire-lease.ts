import { createHash } from 'node:crypto';
import type { AcquireLeaseRequest, AcquireLeaseResponse } from '#libs/contracts/port.ts';
import { invalidFields, type FieldViolation } from '#libs/errors/index.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { Ask } from '../domain/book.ts';
import type { Pool } from '../domain/pool.ts';
import { findPool } from './callers.ts';
import { leaseToProto } from './lease-proto.ts';
import { waitOf, waitViolations } from './wait.ts';

const MOST_AT_ONCE = 100;

/** Leases free ports. */
export const acquireLease =
  (ctx: Context): Unary<AcquireLeaseRequest, AcquireLeaseResponse> =>
  async (request, call) => {
    if (request.pool === '') throw invalidFields([{ field: 'pool', description: 'name a pool' }]);
    const ask = parse(findPool(ctx, request.pool), request, call);
    const leases = await ctx.desk.acquire(ask, waitOf(request.wait, call), call.signal);
    for (const lease of leases) ctx.events.leaseAcquired(lease);
    const { host } = ctx.desk.book();
    const protos = leases.map((lease) => leaseToProto(host, lease));
    return { lease: protos[0], leases: protos };
  };

const parse = (pool: Pool, request: AcquireLeaseRequest, { caller }: CallContext): Ask => {
  const violations: FieldViolation[] = [];
  const check = (isRight: boolean, field: string, description: string): void => {
    if (!isRight) violations.push({ field, description });
  };
  const { port, holder, requestId } = request;
  const count = request.count === 0 ? 1 : request.count;
  const ttlMs = durationFromProto(request.ttl) ?? pool.defaultTtlMs;
  check(ttlMs >= pool.minTtlMs && ttlMs <= pool.maxTtlMs, 'ttl', ttlBounds(pool));
  check(count <= MOST_AT_ONCE, 'count', `must be at most ${MOST_AT_ONCE}`);
  check(port === 0 || count === 1, 'count', 'must be 1 where a port is named');
  violations.push(...waitViolations(request.wait));
  check(holder.length <= 200, 'holder', 'must be at most 200 characters');
  check(requestId.length <= 64, 'request_id', 'must be at most 64 characters');
  if (violations.length > 0) throw invalidFields(violations);
  const asked = { pool: pool.name, port: port === 0 ? undefined : port, count, ttlMs, holder };
  const requestHash = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  return { ...asked, owner: caller?.subject ?? '', requestId, requestHash, session: '' };
};

/** What a `ttl` outside of a pool's bounds is told. */
export const ttlBounds = ({ name, minTtlMs, maxTtlMs }: Pool): string =>
  `must be from ${minTtlMs / 1_000} s to ${maxTtlMs / 1_000} s in pool ${name}`;
