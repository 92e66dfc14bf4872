import { ListDemandsRequest, ListDemandsResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { parsePage } from '#libs/pages/index.ts';
import { askMatcher } from '../bus/ask-matcher.ts';
import type { Context } from '../context.ts';

/** Lists the demands that the replica that matches has heard. */
export const listDemands =
  (ctx: Context): Unary<ListDemandsRequest, ListDemandsResponse> =>
  async (request, call) => {
    parsePage(request, 'demands', 1);
    const answer = await askMatcher(
      ctx.bus,
      'list-demands',
      ListDemandsRequest.encode(request).finish(),
      call,
    );
    return ListDemandsResponse.decode(answer);
  };
