import type {
  ListSessionMetricsRequest,
  ListSessionMetricsResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';

/** Lists what a session's compute worker used, the latest first. */
export const listSessionMetrics =
  (ctx: Context): Unary<ListSessionMetricsRequest, ListSessionMetricsResponse> =>
  async (request, { caller }) => {
    const { manager, store } = ctx.computeSessions;
    const { id } = findSession(manager, caller, request.sessionId);
    const { size, after } = parsePage(request, id, 1);
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after[0]);
    const found = store.metrics(id, before, size + 1);
    const { page, nextPageToken } = cutPage(found, size, id, ({ atMs }) => [String(atMs)]);
    const metrics = page.map(({ atMs, memoryBytes, cpuMs }) => ({
      time: new Date(atMs),
      memoryBytes,
      cpuTime: durationToProto(cpuMs),
    }));
    return { metrics, nextPageToken };
  };
