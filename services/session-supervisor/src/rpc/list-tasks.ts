import {
  TaskState,
  type ListTasksRequest,
  type ListTasksResponse,
  type Task,
  type VolatileReply,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { has } from '../domain/sets/bitmap.ts';
import { valueAt } from '../domain/sets/small-int-map.ts';
import { taskIndex, taskKey } from '../domain/graph/task-graph.ts';
import { ordinalsFromText } from '../domain/graph/task-text.ts';
import {
  checkpointOf,
  generationOf,
  isAsleep,
  troubleOf,
  type WorkloadState,
} from '../domain/state/workload.ts';
import { taskApprovalOf } from '../wire/approvals.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

export const listTasks =
  (ctx: Context): Unary<ListTasksRequest, ListTasksResponse> =>
  async (request, call) => {
    const wrong = collectViolations();
    const areStates = request.states.every((state) => STATES.includes(state));
    wrong.require(areStates, 'states', 'must be states of tasks, as TaskState has them');
    const { size, after } = parseNumberPage(call.caller, request, 'tasks', wrong);
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const holders = holdersOf(state, await ctx.reads.volatile(document._id));
    const wanted = new Set(request.states);
    const tasks: Task[] = [];
    let ordinal = after ?? 0;
    for (; ordinal < state.graph.count && tasks.length < size; ordinal += 1) {
      // The state is tested first, because tasks that a filter excludes must cost nearly nothing.
      if (isAsleep(state, ordinal)) {
        continue;
      }
      const taskState = stateOf(state, holders, ordinal);
      if (wanted.size === 0 || wanted.has(taskState)) {
        tasks.push(taskOf(state, holders, ordinal, taskState));
      }
    }
    const hasMore = ordinal < state.graph.count;
    return { tasks, nextPageToken: hasMore ? numberPageToken('tasks', ordinal) : '', revision };
  };

const { WAITING, RUNNING, COMPLETED, FAILED } = TaskState;
const STATES: readonly TaskState[] = [WAITING, RUNNING, COMPLETED, FAILED];

const nobody = { userId: '', userName: '' };

/** The users that hold each task now. */
type Holders = ReadonlyMap<number, typeof nobody>;

const holdersOf = ({ graph }: WorkloadState, owner: VolatileReply | undefined): Holders => {
  const holders = new Map<number, typeof nobody>();
  for (const { held, userId, name: userName } of owner?.users ?? []) {
    for (const ordinal of held === '' ? [] : ordinalsFromText(graph, held)) {
      holders.set(ordinal, { userId, userName });
    }
  }
  return holders;
};

const stateOf = (
  { done, givenUp }: WorkloadState,
  holders: Holders,
  ordinal: number,
): TaskState => {
  if (has(done, ordinal)) {
    return COMPLETED;
  }
  if (has(givenUp, ordinal)) {
    return FAILED;
  }
  return holders.has(ordinal) ? RUNNING : WAITING;
};

const taskOf = (
  state: WorkloadState,
  holders: Holders,
  ordinal: number,
  taskState: TaskState,
): Task => {
  const trouble = troubleOf(state, ordinal);
  const share = state.shares[valueAt(state.doneBy, ordinal) - 1];
  const maker = share === undefined ? nobody : { userId: share.id, userName: share.name };
  const holder = taskState === RUNNING ? (holders.get(ordinal) ?? nobody) : nobody;
  return {
    task: taskKey(state.graph, ordinal),
    frame: taskIndex(state.graph, ordinal),
    state: taskState,
    generation: generationOf(state, ordinal),
    ...(taskState === COMPLETED ? maker : holder),
    failures: trouble?.failures.length ?? 0,
    losses: trouble?.losses ?? 0,
    reason: trouble?.givenUp ?? trouble?.last?.reason ?? '',
    checkpoint: checkpointOf(state, ordinal)?.name,
    approval: taskApprovalOf(state, ordinal),
  };
};
