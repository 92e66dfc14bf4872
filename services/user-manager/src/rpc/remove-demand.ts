import {
  RemoveDemandResponse,
  RemoveUsersDemandCompletely,
  type RemoveDemandRequest,
} from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { askMatcher } from '../bus/ask-matcher.ts';
import type { Context } from '../context.ts';
import { parseRemoval } from '../wire/demand.ts';

export const removeDemand =
  (ctx: Context): Unary<RemoveDemandRequest, RemoveDemandResponse> =>
  async (request, call) => {
    parseRemoval(request);
    const removal = RemoveUsersDemandCompletely.encode({ demand: request }).finish();
    const answer = await askMatcher(ctx.bus, 'remove-users-demand-completely', removal, call);
    return RemoveDemandResponse.decode(answer);
  };
