import type { EndComputeSessionRequest, EndComputeSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { computeToProto } from '../../wire/compute.ts';

/** Ends a session, also one that works. */
export const endComputeSession =
  (ctx: Context): Unary<EndComputeSessionRequest, EndComputeSessionResponse> =>
  async ({ sessionId }, { caller }) => {
    const { manager } = ctx.computeSessions;
    const { id } = findSession(manager, caller, requireText('session_id', sessionId));
    return { session: await computeToProto(ctx, await manager.stop(id, 'stopped')) };
  };
