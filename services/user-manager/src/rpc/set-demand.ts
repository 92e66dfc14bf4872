import { SetDemandResponse, UpdateUserCount, type SetDemandRequest } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { askMatcher } from '../bus/ask-matcher.ts';
import type { Context } from '../context.ts';
import { parseDemand } from '../wire/demand.ts';

export const setDemand =
  (ctx: Context): Unary<SetDemandRequest, SetDemandResponse> =>
  async (request, call) => {
    parseDemand(request.demand);
    const answer = await askMatcher(
      ctx.bus,
      'update-user-count',
      UpdateUserCount.encode(request).finish(),
      call,
    );
    return SetDemandResponse.decode(answer);
  };
