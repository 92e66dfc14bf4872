import type {
  ListComputeSessionsRequest,
  ListComputeSessionsResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { pageOfSessions } from '../../wire/session.ts';
import { computeToProto } from '../../wire/compute.ts';

export const listComputeSessions =
  (ctx: Context): Unary<ListComputeSessionsRequest, ListComputeSessionsResponse> =>
  async (request, { caller }) => {
    const { manager } = ctx.computeSessions;
    const { page, nextPageToken } = pageOfSessions(manager, caller, request, 'sessions');
    return {
      sessions: await Promise.all(page.map((session) => computeToProto(ctx, session))),
      nextPageToken,
      unreachableHosts: [],
    };
  };
