import type { GetUserCountRequest, GetUserCountResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { View } from '../session/reads/reads.ts';
import { resolve } from './target.ts';

export const getUserCount =
  (ctx: Context): Unary<GetUserCountRequest, GetUserCountResponse> =>
  async (request, call) =>
    userCountOf(ctx, await resolve(ctx, call.caller, request));

/** The number of users that a workload wants, may have and has. */
export const userCountOf = async (
  ctx: Context,
  { document, state, revision }: View,
): Promise<GetUserCountResponse> => {
  const [plan, owner] = await Promise.all([
    ctx.customers.planOf(document.customer),
    ctx.reads.volatile(document._id),
  ]);
  return {
    wanted: state.wanted,
    effective: Math.min(state.wanted, plan.users),
    assigned: owner?.users.length ?? 0,
    sessionId: document._id,
    revision,
  };
};
