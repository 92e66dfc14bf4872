import type { CleanupIdleRequest, CleanupIdleResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { visualizationToProto } from '../../wire/visualization.ts';

/** Ends the ParaView servers that nobody has used for the requested time. */
export const cleanupIdle =
  (ctx: Context): Unary<CleanupIdleRequest, CleanupIdleResponse> =>
  async ({ idleFor }) => {
    const { idle, manager, idleMs } = ctx.visualizations;
    const forMs = durationFromProto(idleFor) ?? idleMs;
    const wrong = collectViolations();
    const isSaid = idleFor !== undefined || forMs > 0;
    wrong.require(isSaid, 'idle_for', 'say for how long: none is configured');
    wrong.throwIfAny();
    const ids = await idle.cleanup(forMs);
    return {
      ended: ids
        .flatMap((id) => manager.get(id) ?? [])
        .map((session) => visualizationToProto(ctx, session, false)),
      unreachableHosts: [],
    };
  };
