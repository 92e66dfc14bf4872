import { RemoveDemandRequest, RemoveDemandResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { askMatcher } from '../bus/ask-matcher.ts';
import type { Context } from '../context.ts';
import { parseRemoval } from '../domain/demand-requests.ts';

/** Passes the end of a demand on to the one that matches. */
export const removeDemand =
  (ctx: Context): Unary<RemoveDemandRequest, RemoveDemandResponse> =>
  async (request, call) => {
    parseRemoval(request);
    const answer = await askMatcher(ctx.bus, 'remove-demand', RemoveDemandRequest.encode(request).finish(), call);
    return RemoveDemandResponse.decode(answer);
  };
