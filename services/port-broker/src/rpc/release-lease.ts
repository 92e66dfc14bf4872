import type { ReleaseLeaseRequest, ReleaseLeaseResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { reach } from './callers.ts';

export const releaseLease =
  ({ leaseManager }: Context): Unary<ReleaseLeaseRequest, ReleaseLeaseResponse> =>
  async ({ leaseId, fencingToken }, { caller }) => {
    requireText('lease_id', leaseId);
    await leaseManager.release({ id: leaseId, token: fencingToken, owner: reach(caller) });
    return {};
  };
