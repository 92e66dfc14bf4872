import type {
  ListVisualizationsRequest,
  ListVisualizationsResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { pageOfSessions } from '../../wire/session.ts';
import { isTold, visualizationToProto } from '../../wire/visualization.ts';

export const listVisualizations =
  (ctx: Context): Unary<ListVisualizationsRequest, ListVisualizationsResponse> =>
  async (request, { caller }) => {
    const { manager } = ctx.visualizations;
    const { page, nextPageToken } = pageOfSessions(manager, caller, request, 'visualizations');
    return {
      visualizations: page.map((session) =>
        visualizationToProto(ctx, session, isTold(caller, session)),
      ),
      nextPageToken,
      unreachableHosts: [],
    };
  };
