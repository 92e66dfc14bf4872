import type { ListVncSessionsRequest, ListVncSessionsResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { pageOfSessions } from '../../wire/session.ts';
import { consoleToProto, statsOf } from '../../wire/console.ts';

export const listVncSessions =
  (ctx: Context): Unary<ListVncSessionsRequest, ListVncSessionsResponse> =>
  async (request, { caller }) => {
    await ctx.consoles.viewers.look();
    const { page, nextPageToken } = pageOfSessions(ctx.consoles, caller, request, 'sessions');
    return {
      sessions: page.map((session) => consoleToProto(ctx, session)),
      nextPageToken,
      unreachableHosts: [],
      stats: statsOf(ctx, ctx.consoles.list()),
    };
  };
