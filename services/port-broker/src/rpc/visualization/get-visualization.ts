import type { GetVisualizationRequest, GetVisualizationResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { isTold, visualizationToProto } from '../../wire/visualization.ts';

export const getVisualization =
  (ctx: Context): Unary<GetVisualizationRequest, GetVisualizationResponse> =>
  async ({ visualizationId }, { caller }) => {
    const { manager } = ctx.visualizations;
    const session = findSession(manager, caller, visualizationId, 'visualization_id');
    return { visualization: visualizationToProto(ctx, session, isTold(caller, session)) };
  };
