import type { GetLeaseRequest, GetLeaseResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { findLease } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';

export const getLease =
  (ctx: Context): Unary<GetLeaseRequest, GetLeaseResponse> =>
  async ({ leaseId }, { caller }) => {
    requireText('lease_id', leaseId);
    return { lease: leaseToProto(ctx.leaseManager.table().host, findLease(ctx, caller, leaseId)) };
  };
