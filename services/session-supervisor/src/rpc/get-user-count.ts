import type { GetUserCountRequest, GetUserCountResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { resolve } from './target.ts';
import { userCountOf } from './user-count.ts';

export const getUserCount =
  (ctx: Context): Unary<GetUserCountRequest, GetUserCountResponse> =>
  async (request, call) =>
    userCountOf(ctx, await resolve(ctx, call.caller, request));
