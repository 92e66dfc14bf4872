import {
  TaskState,
  type ListTasksRequest,
  type ListTasksResponse,
  type Task,
  type VolatileReply,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { has } from '../domain/bitmap.ts';
import { valueAt } from '../domain/small-int-map.ts';
import { ordinalsFromText, taskIndex, taskKey } from '../domain/tasks.ts';
import type { WorkloadState } from '../domain/workload.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listTasks =
  (ctx: Context): Unary<ListTasksRequest, ListTasksResponse> =>
  async (request, call) => {
    const { size, after } = parseNumberPage(request, 'tasks');
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const holders = holdersOf(state, await ctx.reads.volatile(document._id));
    const wanted = new Set(request.states);
    const tasks: Task[] = [];
    let ordinal = after ?? 0;
    for (; ordinal < state.tasks.indices.count && tasks.length < size; ordinal += 1) {
      const task = taskOf(state, holders, ordinal);
      if (wanted.size === 0 || wanted.has(task.state)) tasks.push(task);
    }
    const hasMore = ordinal < state.tasks.indices.count;
    return { tasks, nextPageToken: hasMore ? numberPageToken('tasks', ordinal) : '', revision };
  };

/** Who holds which task now. */
type Holders = ReadonlyMap<number, { userId: string; userName: string }>;

const holdersOf = (state: WorkloadState, owner: VolatileReply | undefined): Holders => {
  const holders = new Map<number, { userId: string; userName: string }>();
  for (const { held, userId, name } of owner?.users ?? []) {
    if (held === '') continue;
    for (const ordinal of ordinalsFromText(state.tasks, held)) holders.set(ordinal, { userId, userName: name });
  }
  return holders;
};

const nobody = { userId: '', userName: '' };

const taskOf = (state: WorkloadState, holders: Holders, ordinal: number): Task => {
  const trouble = state.troubles.get(ordinal);
  const share = state.shares[valueAt(state.doneBy, ordinal) - 1];
  const isDone = has(state.done, ordinal);
  const isGivenUp = has(state.givenUp, ordinal);
  const holder = isDone || isGivenUp ? undefined : holders.get(ordinal);
  const user = isDone && share !== undefined ? { userId: share.id, userName: share.name } : (holder ?? nobody);
  return {
    task: taskKey(state.tasks, ordinal),
    frame: taskIndex(state.tasks, ordinal),
    state: isDone
      ? TaskState.COMPLETED
      : isGivenUp
        ? TaskState.FAILED
        : holder === undefined
          ? TaskState.WAITING
          : TaskState.RUNNING,
    generation: 0,
    ...user,
    failures: trouble?.failures.length ?? 0,
    losses: trouble?.losses ?? 0,
    reason: trouble?.givenUp ?? trouble?.last?.reason ?? '',
  };
};
