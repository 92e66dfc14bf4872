import type { GetVisualizationRequest, GetVisualizationResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { visualizationToProto } from '../../wire/visualization.ts';

/** Answers one ParaView server. */
export const getVisualization =
  (ctx: Context): Unary<GetVisualizationRequest, GetVisualizationResponse> =>
  async ({ visualizationId }, { caller }) => {
    const id = requireText('visualization_id', visualizationId);
    return {
      visualization: visualizationToProto(ctx, findSession(ctx.visualizations.manager, caller, id)),
    };
  };
