import { parseTasks } from '#libs/indices/index.ts';
import type { RetryTasksRequest, RetryTasksResponse } from '#libs/contracts/session.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { TaskGraph } from '../domain/graph/task-graph.ts';
import { taskSetToText, unknownTask } from '../domain/graph/task-text.ts';
import { command } from './command.ts';
import { resolve } from './target.ts';
import { answerOf } from '../wire/workload.ts';

export const retryTasks =
  (ctx: Context): Unary<RetryTasksRequest, RetryTasksResponse> =>
  async (request, call) => {
    const { document, state } = await resolve(ctx, call.caller, request);
    const workloadId = document._id;
    const tasks = request.frames === '' ? '' : normalForm(state.graph, request.frames, workloadId);
    const target = { workloadId, customerId: '', requestId: request.requestId };
    return answerOf(await command(ctx, call, target, { $case: 'retry', value: { tasks } }));
  };

const normalForm = (graph: TaskGraph, text: string, workload: string): string => {
  const tasks = parseTasks(graph, text);
  const unknown = unknownTask(graph, tasks);
  if (unknown !== undefined) {
    const name =
      graph.nodes.length === 1
        ? `frame ${unknown.slice(unknown.indexOf('/') + 1)}`
        : `task ${unknown}`;
    const description = `workload ${workload} has no ${name}; see ListTasks`;
    throw invalidFields([{ field: 'frames', description }]);
  }
  return taskSetToText(graph, tasks);
};
