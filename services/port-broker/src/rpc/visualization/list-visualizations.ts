import type {
  ListVisualizationsRequest,
  ListVisualizationsResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../../context.ts';
import { isBehind, positionOf, visibleSessions } from '../../wire/session.ts';
import { visualizationToProto } from '../../wire/visualization.ts';

/** Lists ParaView servers, the latest first. */
export const listVisualizations =
  (ctx: Context): Unary<ListVisualizationsRequest, ListVisualizationsResponse> =>
  async (request, { caller }) => {
    const { size, after } = parsePage(request, 'visualizations', 2);
    const found = visibleSessions(ctx.visualizations.manager, caller, request.includeEnded)
      .filter((session) => after === undefined || isBehind(session, after))
      .slice(0, size + 1);
    const { page, nextPageToken } = cutPage(found, size, 'visualizations', positionOf);
    return {
      visualizations: page.map((session) => visualizationToProto(ctx, session)),
      nextPageToken,
      unreachableHosts: [],
    };
  };
