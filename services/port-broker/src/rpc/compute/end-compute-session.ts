import type { EndComputeSessionRequest, EndComputeSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { computeToProto } from '../../wire/compute.ts';

export const endComputeSession =
  (ctx: Context): Unary<EndComputeSessionRequest, EndComputeSessionResponse> =>
  async ({ sessionId }, { caller, standAside }) => {
    const { manager } = ctx.computeSessions;
    const { id } = findSession(manager, caller, sessionId);
    standAside();
    return { session: await computeToProto(ctx, await manager.stop(id, 'stopped')) };
  };
