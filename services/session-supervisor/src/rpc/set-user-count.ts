import type { SetUserCountRequest, SetUserCountResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, MAX_WANTED_USERS } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { command } from './command.ts';
import { userCountOf } from './get-user-count.ts';

export const setUserCount =
  (ctx: Context): Unary<SetUserCountRequest, SetUserCountResponse> =>
  async (request, call) => {
    const { wanted } = request;
    const wrong = collectViolations();
    wrong.require(wanted <= MAX_WANTED_USERS, 'wanted', 'must be at most 100,000');
    const message = { $case: 'setWanted' as const, value: { wanted } };
    return userCountOf(ctx, await command(ctx, call, request, message, wrong));
  };
