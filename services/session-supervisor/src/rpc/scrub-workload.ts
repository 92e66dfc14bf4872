import type { ScrubWorkloadRequest, ScrubWorkloadResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { Damaged } from '../domain/decisions/inputs.ts';
import { taskOrdinal, type TaskGraph } from '../domain/graph/task-graph.ts';
import { ordinalsToText } from '../domain/graph/task-text.ts';
import { refusalError } from '../session/owner/errors.ts';
import { repair } from '../session/owner/obey.ts';
import { scrub } from '../session/maintenance/scrub.ts';
import { callDeadline } from './command.ts';
import { numberPageToken, parseNumberPage } from './number-page.ts';
import { resolve } from './target.ts';

/** The share of the caller's time that the check may take. The rest is for the repair command. */
const SHARE = 0.6;

export const scrubWorkload =
  (ctx: Context): Unary<ScrubWorkloadRequest, ScrubWorkloadResponse> =>
  async (request, call) => {
    const { after = 0 } = parseNumberPage(call.caller, { ...request, pageSize: 1 }, 'scrub');
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    if (state.deleteResults) {
      throw refusalError(document._id, { reason: 'RESULTS_DELETED' });
    }
    const now = ctx.clock.monotonic();
    const until = callDeadline(ctx, call);
    const isEnough = (): boolean => ctx.clock.monotonic() - now > SHARE * (until - now);
    const found = await scrub(ctx, state, after, isEnough, call.signal);
    const repaired = await repair(ctx, document._id, found, until, call.signal);
    return {
      checked: found.checked,
      missing: textOf(state.graph, found.missing),
      damaged: textOf(state.graph, found.damaged),
      nextPageToken: found.hasMore ? numberPageToken('scrub', found.position) : '',
      revision: repaired?.revision ?? revision,
    };
  };

const textOf = (graph: TaskGraph, damaged: readonly Damaged[]): string =>
  ordinalsToText(
    graph,
    damaged.flatMap(({ task }) => taskOrdinal(graph, task) ?? []),
  );
