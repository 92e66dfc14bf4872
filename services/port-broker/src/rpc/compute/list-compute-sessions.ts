import type {
  ListComputeSessionsRequest,
  ListComputeSessionsResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../../context.ts';
import { isBehind, positionOf, visibleSessions } from '../../wire/session.ts';
import { computeToProto } from '../../wire/compute.ts';

/** Lists sessions, the latest first. */
export const listComputeSessions =
  (ctx: Context): Unary<ListComputeSessionsRequest, ListComputeSessionsResponse> =>
  async (request, { caller }) => {
    const { size, after } = parsePage(request, 'sessions', 2);
    const found = visibleSessions(ctx.computeSessions.manager, caller, request.includeEnded)
      .filter((session) => after === undefined || isBehind(session, after))
      .slice(0, size + 1);
    const { page, nextPageToken } = cutPage(found, size, 'sessions', positionOf);
    return {
      sessions: await Promise.all(page.map((session) => computeToProto(ctx, session))),
      nextPageToken,
      unreachableHosts: [],
    };
  };
