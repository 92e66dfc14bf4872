import type { GetVncSessionRequest, GetVncSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { consoleToProto, findConsole } from '../../wire/console.ts';

export const getVncSession =
  (ctx: Context): Unary<GetVncSessionRequest, GetVncSessionResponse> =>
  async (request) => {
    const session = findConsole(ctx, request);
    await ctx.consoles.viewers.look();
    return { session: consoleToProto(ctx, session) };
  };
