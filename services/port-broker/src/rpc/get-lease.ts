import type { GetLeaseRequest, GetLeaseResponse } from '#libs/contracts/port.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { findLease } from './callers.ts';
import { leaseToProto } from './lease-proto.ts';

/** Answers one lease. */
export const getLease =
  (ctx: Context): Unary<GetLeaseRequest, GetLeaseResponse> =>
  async ({ leaseId }, { caller }) => {
    if (leaseId === '') throw invalidFields([{ field: 'lease_id', description: 'name a lease' }]);
    return { lease: leaseToProto(ctx.desk.book().host, findLease(ctx, caller, leaseId)) };
  };
