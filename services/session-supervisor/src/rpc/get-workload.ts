import type { GetWorkloadRequest, GetWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { resolve } from './target.ts';
import { viewToProto } from '../wire/workload.ts';

export const getWorkload =
  (ctx: Context): Unary<GetWorkloadRequest, GetWorkloadResponse> =>
  async (request, call) => {
    const view = await resolve(ctx, call.caller, request);
    return { workload: viewToProto(view), revision: view.revision };
  };
