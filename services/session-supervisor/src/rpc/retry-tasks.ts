import type { RetryTasksRequest, RetryTasksResponse } from '#libs/contracts/session.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseFrames } from '../domain/frame-expression.ts';
import { framesOf, framesToText, ordinalOf } from '../domain/frames.ts';
import type { TaskSet } from '../domain/tasks.ts';
import { command } from './command.ts';
import { resolve } from './target.ts';
import { viewToProto } from './workload-proto.ts';

export const retryTasks =
  (ctx: Context): Unary<RetryTasksRequest, RetryTasksResponse> =>
  async (request, call) => {
    const frames = request.frames === '' ? undefined : parseFrames(request.frames);
    const { document, state } = await resolve(ctx, call.caller, request);
    const tasks = frames === undefined ? '' : framesToText(frames);
    const unknown = frames === undefined ? undefined : firstUnknown(state.tasks, framesOf(frames));
    if (unknown !== undefined) {
      const description = `frame ${unknown} is none of workload ${document._id}'s; see ListTasks`;
      throw invalidFields([{ field: 'frames', description }]);
    }
    const target = { workloadId: document._id, customerId: '', requestId: request.requestId };
    const view = await command(ctx, call, target, { $case: 'retry', value: { tasks } });
    return { workload: viewToProto(view), revision: view.revision };
  };

const firstUnknown = ({ indices }: TaskSet, frames: Iterable<number>): number | undefined => {
  for (const frame of frames) if (ordinalOf(indices, frame) === undefined) return frame;
  return undefined;
};
