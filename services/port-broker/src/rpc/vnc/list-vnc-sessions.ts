import type { ListVncSessionsRequest, ListVncSessionsResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../../context.ts';
import { isBehind, positionOf, visibleSessions } from '../../wire/session.ts';
import { consoleToProto, statsOf } from '../../wire/console.ts';

/** Lists consoles, the latest first. */
export const listVncSessions =
  (ctx: Context): Unary<ListVncSessionsRequest, ListVncSessionsResponse> =>
  async (request, { caller }) => {
    const { size, after } = parsePage(request, 'sessions', 2);
    await ctx.consoles.viewers.look();
    const found = visibleSessions(ctx.consoles, caller, request.includeEnded)
      .filter((session) => after === undefined || isBehind(session, after))
      .slice(0, size + 1);
    const { page, nextPageToken } = cutPage(found, size, 'sessions', positionOf);
    const sessions = page.map((session) => consoleToProto(ctx, session));
    return {
      sessions,
      nextPageToken,
      unreachableHosts: [],
      stats: statsOf(ctx, ctx.consoles.list()),
    };
  };
