import type {
  StopAndDeleteWorkloadRequest,
  StopAndDeleteWorkloadResponse,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { command } from './command.ts';
import { viewToProto } from '../wire/workload.ts';

export const stopAndDeleteWorkload =
  (ctx: Context): Unary<StopAndDeleteWorkloadRequest, StopAndDeleteWorkloadResponse> =>
  async (request, call) => {
    const view = await command(ctx, call, request, {
      $case: 'stop',
      value: { deleteResults: request.deleteResults },
    });
    return { workload: viewToProto(view), revision: view.revision };
  };
