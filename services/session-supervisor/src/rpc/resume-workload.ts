import type { ResumeWorkloadRequest, ResumeWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { command } from './command.ts';
import { viewToProto } from '../wire/workload.ts';

export const resumeWorkload =
  (ctx: Context): Unary<ResumeWorkloadRequest, ResumeWorkloadResponse> =>
  async (request, call) => {
    const view = await command(ctx, call, request, { $case: 'resume', value: {} });
    return { workload: viewToProto(view), revision: view.revision };
  };
