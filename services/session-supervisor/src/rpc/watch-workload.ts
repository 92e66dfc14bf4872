import type { WatchWorkloadRequest, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import type { ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { hasEnded } from '../domain/state/workload.ts';
import { lookOf } from '../wire/look.ts';
import { resolve } from './target.ts';

export const watchWorkload = (
  ctx: Context,
): ServerStream<WatchWorkloadRequest, WatchWorkloadResponse> =>
  async function* (request, call) {
    const view = await resolve(ctx, call.caller, request);
    const id = view.document._id;
    using watcher = ctx.looks.watch(id);
    const signal = AbortSignal.any([call.signal, call.draining]);
    let look = lookOf(view, hasEnded(view.state) ? undefined : await ctx.reads.volatile(id));
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
