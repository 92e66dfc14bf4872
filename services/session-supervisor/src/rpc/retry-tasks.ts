import type { RetryTasksRequest, RetryTasksResponse } from '#libs/contracts/session.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseIndices } from '../domain/graph/index-expression.ts';
import { indicesOf, indicesToText, ordinalOf } from '../domain/graph/index-set.ts';
import type { TaskSet } from '../domain/graph/task-graph.ts';
import { command } from './command.ts';
import { resolve } from './target.ts';
import { viewToProto } from './workload-proto.ts';

export const retryTasks =
  (ctx: Context): Unary<RetryTasksRequest, RetryTasksResponse> =>
  async (request, call) => {
    const frames = request.frames === '' ? undefined : parseIndices(request.frames);
    const { document, state } = await resolve(ctx, call.caller, request);
    const tasks = frames === undefined ? '' : indicesToText(frames);
    const unknown = frames === undefined ? undefined : firstUnknown(state.tasks, indicesOf(frames));
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
