import type { StopVisualizationRequest, StopVisualizationResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { visualizationToProto } from '../../wire/visualization.ts';

/** Ends a ParaView server, even one in use. */
export const stopVisualization =
  (ctx: Context): Unary<StopVisualizationRequest, StopVisualizationResponse> =>
  async ({ visualizationId }, { caller, standAside }) => {
    const { manager } = ctx.visualizations;
    const { id } = findSession(manager, caller, visualizationId, 'visualization_id');
    standAside();
    return { visualization: visualizationToProto(ctx, await manager.stop(id, 'stopped'), false) };
  };
