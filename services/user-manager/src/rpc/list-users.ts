import type { ListUsersRequest, ListUsersResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import { userToProto } from '../wire/user.ts';

export const listUsers =
  (ctx: Context): Unary<ListUsersRequest, ListUsersResponse> =>
  async (request) => {
    const question = `users ${request.workloadId}`;
    const { size, after } = parsePage(request, question, 2);
    const [name = '', id = ''] = after ?? [];
    const found = await ctx.users.list({
      ...(request.workloadId === '' ? {} : { session: request.workloadId }),
      ...(after === undefined ? {} : { after: [name, id] as const }),
      limit: size + 1,
    });
    const { page, nextPageToken } = cutPage(found, size, question, (user) => [user.name, user.id]);
    return { users: page.map(userToProto), nextPageToken };
  };
