import type {
  GetWorkloadStatusRequest,
  GetWorkloadStatusResponse,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { outerCountsOf, verifiedCount } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { percentageOf, phaseToProto } from '../wire/workload.ts';
import { resolve } from './target.ts';

export const getWorkloadStatus =
  (ctx: Context): Unary<GetWorkloadStatusRequest, GetWorkloadStatusResponse> =>
  async (request, call) =>
    statusOf(await resolve(ctx, call.caller, request));

/** The state of a workload, and how far it is. */
export const statusOf = ({ document, state, revision }: View): GetWorkloadStatusResponse => {
  const counts = outerCountsOf(state);
  return {
    workloadId: document._id,
    state: phaseToProto(state.phase),
    ...counts,
    verified: verifiedCount(state),
    percentage: percentageOf(counts.completed, counts.total),
    revision,
  };
};
