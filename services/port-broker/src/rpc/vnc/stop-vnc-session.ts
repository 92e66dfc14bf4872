import type { StopVncSessionRequest, StopVncSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { consoleToProto, findConsole } from '../../wire/console.ts';

/** Ends a console, even one with viewers. */
export const stopVncSession =
  (ctx: Context): Unary<StopVncSessionRequest, StopVncSessionResponse> =>
  async (request) => {
    const { id } = findConsole(ctx, request);
    return { session: consoleToProto(ctx, await ctx.consoles.stop(id, 'stopped')) };
  };
