import type { GetTaskLogRequest, GetTaskLogResponse } from '#libs/contracts/session.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { taskOrdinal } from '../domain/graph/task-graph.ts';
import { troubleOf } from '../domain/state/workload.ts';
import { resolve } from './target.ts';

const MAX_LOG_BYTES = 256 * 1_024;

export const getTaskLog =
  (ctx: Context): Unary<GetTaskLogRequest, GetTaskLogResponse> =>
  async (request, call) => {
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const workload = document._id;
    // If the workload has one node, the index is enough.
    const [only, ...others] = state.graph.nodes;
    const isWhole = request.task.includes('/') || only === undefined || others.length > 0;
    const task = isWhole ? request.task : `${only.id}/${request.task}`;
    const ordinal = taskOrdinal(state.graph, task);
    if (ordinal === undefined) {
      const message = `workload ${workload} has no task ${request.task}; list them with ListTasks`;
      const named = { workload, task: request.task };
      throw new DomainError(status.NOT_FOUND, 'TASK_NOT_FOUND', message, named);
    }
    const last = troubleOf(state, ordinal)?.last;
    if (last === undefined || last.log === '') {
      const message = `no attempt at ${task} of ${workload} has failed and left a log`;
      throw new DomainError(status.NOT_FOUND, 'NO_LOG', message, { workload, task });
    }
    const log = await ctx.blob.head(last.log, MAX_LOG_BYTES, call.signal);
    return {
      task,
      attempt: last.attempt,
      userId: last.user,
      reason: last.reason,
      log: new TextDecoder().decode(log),
      failTime: new Date(last.at),
      revision,
    };
  };
