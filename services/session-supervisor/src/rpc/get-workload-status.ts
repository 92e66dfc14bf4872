import type {
  GetWorkloadStatusRequest,
  GetWorkloadStatusResponse,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { countsOf } from '../domain/state/workload.ts';
import { resolve } from './target.ts';
import { percentageOf, phaseToProto } from '../wire/workload.ts';

export const getWorkloadStatus =
  (ctx: Context): Unary<GetWorkloadStatusRequest, GetWorkloadStatusResponse> =>
  async (request, call) => {
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const counts = countsOf(state);
    return {
      workloadId: document._id,
      state: phaseToProto(state.phase),
      ...counts,
      percentage: percentageOf(counts.completed, counts.total),
      revision,
    };
  };
