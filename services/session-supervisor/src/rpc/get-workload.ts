import type { GetWorkloadRequest, GetWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { answerOf } from '../wire/workload.ts';
import { resolve } from './target.ts';

export const getWorkload =
  (ctx: Context): Unary<GetWorkloadRequest, GetWorkloadResponse> =>
  async (request, call) =>
    answerOf(await resolve(ctx, call.caller, request));
