import type { GetComputeSessionRequest, GetComputeSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { computeToProto } from '../../wire/compute.ts';

export const getComputeSession =
  (ctx: Context): Unary<GetComputeSessionRequest, GetComputeSessionResponse> =>
  async ({ sessionId }, { caller }) => {
    const session = findSession(ctx.computeSessions.manager, caller, sessionId);
    return { session: await computeToProto(ctx, session) };
  };
