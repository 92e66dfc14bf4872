import type { ListWorkloadsRequest, ListWorkloadsResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { pageToken, parsePage, tokenNumber } from './pages.ts';
import { customerFor } from './target.ts';
import { listedToProto, phaseFromProto } from './workload-proto.ts';

export const listWorkloads =
  (ctx: Context): Unary<ListWorkloadsRequest, ListWorkloadsResponse> =>
  async (request, call) => {
    const { limit, after } = parsePage(request, ([time, id]) => {
      const ms = tokenNumber(time);
      return ms === undefined || id === undefined ? undefined : { createdAt: new Date(ms), id };
    });
    const customer = customerFor(call.caller, request.customerId);
    const phases = request.states.flatMap((state) => phaseFromProto(state) ?? []);
    if (request.states.length > 0 && phases.length === 0) return { workloads: [], nextPageToken: '' };
    const documents = await ctx.workloads.list({
      customer: customer === '' ? undefined : customer,
      phases,
      after,
      limit: limit + 1,
    });
    const page = documents.slice(0, limit);
    const last = page.at(-1);
    const hasMore = documents.length > limit && last !== undefined;
    return {
      workloads: page.map(listedToProto),
      nextPageToken: hasMore ? pageToken(last.createdAt.getTime(), last._id) : '',
    };
  };
