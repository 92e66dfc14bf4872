import type { GetUserRequest, GetUserResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { userToProto } from '../domain/user-proto.ts';
import { isConnected } from '../domain/user.ts';
import { userNotConnected } from './errors.ts';
import { requireId } from './require-id.ts';

/** Answers one connected user. */
export const getUser =
  (ctx: Context): Unary<GetUserRequest, GetUserResponse> =>
  async (request) => {
    const id = requireId(request.userId, 'user_id');
    const user = await ctx.users.get(id);
    if (user === undefined || !isConnected(user)) throw userNotConnected(id);
    return { user: userToProto(user) };
  };
