import type { WatchWorkloadRequest, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import type { ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { resolve } from './target.ts';

export const watchWorkload = (
  ctx: Context,
): ServerStream<WatchWorkloadRequest, WatchWorkloadResponse> =>
  async function* (request, call) {
    const view = await resolve(ctx, call.caller, request);
    using watcher = ctx.looks.watch(view.document._id);
    const signal = AbortSignal.any([call.signal, call.draining]);
    let look = await ctx.reads.look(view);
    for (let shown = ''; ; look = await watcher.next(signal)) {
      signal.throwIfAborted();
      if (look.text !== shown) {
        yield look.message;
      }
      shown = look.text;
      if (look.isLast) {
        return;
      }
    }
  };
