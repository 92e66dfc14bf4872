import { createHash } from 'node:crypto';
import type { AcquireLeaseRequest, AcquireLeaseResponse } from '#libs/contracts/port.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import {
  checkRequestId,
  collectViolations,
  durationFromProto,
  requireText,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { Ask } from '../domain/lease-table.ts';
import type { Pool } from '../domain/pool.ts';
import { findPool, holderOf } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';
import { checkWait, waitOf } from '../wire/wait.ts';

const MAX_AT_ONCE = 100;

export const acquireLease =
  (ctx: Context): Unary<AcquireLeaseRequest, AcquireLeaseResponse> =>
  async (request, call) => {
    const pool = findPool(ctx, requireText('pool', request.pool));
    const ask = parse(pool, request, call);
    const waitMs = waitOf(request.wait, call);
    if (waitMs !== undefined) {
      // The call that releases a lease may be the next one.
      call.standAside();
    }
    const leases = await ctx.leaseManager.acquire(ask, waitMs, call.signal);
    for (const lease of leases) {
      ctx.events.leaseAcquired(lease);
    }
    const { host } = ctx.leaseManager.table();
    const protos = leases.map((lease) => leaseToProto(host, lease));
    return { lease: protos[0], leases: protos };
  };

const parse = (pool: Pool, request: AcquireLeaseRequest, { caller }: CallContext): Ask => {
  const wrong = collectViolations();
  const { port, holder, requestId } = request;
  const count = request.count === 0 ? 1 : request.count;
  const ttlMs = durationFromProto(request.ttl) ?? pool.defaultTtlMs;
  wrong.require(isTtlOf(pool, ttlMs), 'ttl', ttlBounds(pool));
  wrong.require(count <= MAX_AT_ONCE, 'count', `must be at most ${MAX_AT_ONCE}`);
  wrong.require(port === 0 || count === 1, 'count', 'must be 1 where a port is named');
  checkWait(wrong, request.wait);
  wrong.require(holder.length <= 200, 'holder', 'must be at most 200 characters');
  checkRequestId(wrong, requestId);
  wrong.throwIfAny();
  const asked = { pool: pool.name, port: port === 0 ? undefined : port, count, ttlMs, holder };
  const requestHash = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  return { ...asked, ...holderOf(caller), requestId, requestHash, session: '' };
};

export const isTtlOf = ({ minTtlMs, maxTtlMs }: Pool, ttlMs: number): boolean =>
  ttlMs >= minTtlMs && ttlMs <= maxTtlMs;

/** The message for a `ttl` outside of a pool's bounds. */
export const ttlBounds = ({ name, minTtlMs, maxTtlMs }: Pool): string =>
  `must be from ${minTtlMs / 1_000} s to ${maxTtlMs / 1_000} s in pool ${name}`;
