import type { GetWorkloadRequest, GetWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { hasEnded } from '../domain/state/workload.ts';
import { answerOf } from '../wire/workload.ts';
import { reasonsOf } from './explain-workload.ts';
import { resolve } from './target.ts';

export const getWorkload =
  (ctx: Context): Unary<GetWorkloadRequest, GetWorkloadResponse> =>
  async (request, call) => {
    const view = await resolve(ctx, call.caller, request);
    const reasons = hasEnded(view.state) ? [] : await reasonsOf(ctx, view);
    return { ...answerOf(view), waiting: reasons.filter(({ code }) => code !== 'NOT_WAITING') };
  };
