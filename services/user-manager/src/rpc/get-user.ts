import type { GetUserRequest, GetUserResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { userToProto } from '../wire/user.ts';
import { isConnected } from '../domain/user.ts';
import { userNotConnected } from './errors.ts';

export const getUser =
  (ctx: Context): Unary<GetUserRequest, GetUserResponse> =>
  async (request) => {
    const id = requireText('user_id', request.userId);
    const user = await ctx.users.get(id);
    if (user === undefined || !isConnected(user)) {
      throw userNotConnected(id);
    }
    return { user: userToProto(user) };
  };
