import type { PauseWorkloadRequest, PauseWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { command } from './command.ts';
import { viewToProto } from '../wire/workload.ts';

export const pauseWorkload =
  (ctx: Context): Unary<PauseWorkloadRequest, PauseWorkloadResponse> =>
  async (request, call) => {
    const view = await command(ctx, call, request, { $case: 'pause', value: {} });
    return { workload: viewToProto(view), revision: view.revision };
  };
