import type { ReleaseLeaseRequest, ReleaseLeaseResponse } from '#libs/contracts/port.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { reach } from './callers.ts';

/** Gives a lease back. */
export const releaseLease =
  ({ desk }: Context): Unary<ReleaseLeaseRequest, ReleaseLeaseResponse> =>
  async ({ leaseId, fencingToken }, { caller }) => {
    if (leaseId === '') throw invalidFields([{ field: 'lease_id', description: 'name a lease' }]);
    await desk.release({ id: leaseId, token: fencingToken, owner: reach(caller) });
    return {};
  };
