import type {
  FrameRange,
  GetWorkloadProgressRequest,
  GetWorkloadProgressResponse,
  VolatileReply,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { valueRangesOf } from '../domain/sets/small-int-map.ts';
import { tasksToText } from '../domain/graph/task-text.ts';
import type { WorkloadState } from '../domain/state/workload.ts';
import { statusOf } from './get-workload-status.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';
import { paceOf } from '../wire/look.ts';
import { nodesOf } from '../wire/nodes.ts';

export const getWorkloadProgress =
  (ctx: Context): Unary<GetWorkloadProgressRequest, GetWorkloadProgressResponse> =>
  async (request, call) => {
    const { size, after } = parseNumberPage(call.caller, request, 'rendered');
    const view = await resolve(ctx, call.caller, request);
    const { document, state } = view;
    const owner = await ctx.reads.volatile(document._id);
    return {
      ...statusOf(view),
      ...paceOf(owner),
      held: heldOf(owner),
      ...renderedPage(state, after ?? 0, size),
      nodes: nodesOf(state),
    };
  };

const heldOf = (owner: VolatileReply | undefined): FrameRange[] =>
  (owner?.users ?? []).flatMap(({ held, userId, name }) =>
    held === '' ? [] : [{ frames: held, userId, userName: name }],
  );

const renderedPage = (
  state: WorkloadState,
  from: number,
  limit: number,
): { rendered: FrameRange[]; nextPageToken: string } => {
  const ranges = valueRangesOf(state.doneBy, from, limit);
  const rendered = ranges.map((range) => {
    const share = state.shares[range.value - 1];
    return {
      frames: tasksToText(state.graph, [range]),
      userId: share?.id ?? '',
      userName: share?.name ?? '',
    };
  });
  const last = ranges.at(-1);
  const hasMore =
    last !== undefined &&
    ranges.length === limit &&
    valueRangesOf(state.doneBy, last.last + 1, 1).length > 0;
  return { rendered, nextPageToken: hasMore ? numberPageToken('rendered', last.last + 1) : '' };
};
