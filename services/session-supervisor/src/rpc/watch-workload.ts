import type { WatchWorkloadRequest, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import type { CallContext, ServerStream } from '#libs/grpc/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { hasEnded } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { paceOf } from './get-workload-progress.ts';
import { resolve } from './target.ts';
import { viewToProto } from './workload-proto.ts';

/** Without a nudge from the owner a watch looks by itself this often. */
const LOOK_MS = 1_000;
/** Changes closer together than this become one message. */
const COALESCE_MS = 100;

export const watchWorkload = (ctx: Context): ServerStream<WatchWorkloadRequest, WatchWorkloadResponse> =>
  async function* (request, call) {
    let view = await resolve(ctx, call.caller, request);
    const id = view.document._id;
    const nudges = createNudges();
    const serving = ctx.bus.serve(sessionSubject(id, 'appended'), async () => {
      nudges.ring();
      return undefined;
    });
    try {
      let shown = '';
      for (;;) {
        if (call.draining.aborted) throw call.draining.reason;
        const message = await messageOf(ctx, view);
        const text = JSON.stringify(message);
        if (text !== shown) yield message;
        shown = text;
        if (hasEnded(view.state)) return;
        await nudges.next(ctx, call);
        view = await resolve(ctx, call.caller, { workloadId: id, customerId: '' });
      }
    } finally {
      void serving.close();
    }
  };

const messageOf = async (ctx: Context, view: View): Promise<WatchWorkloadResponse> => {
  const owner = hasEnded(view.state) ? undefined : await ctx.reads.volatile(view.document._id);
  return { workload: viewToProto(view), ...paceOf(owner), revision: view.revision };
};

/** A bell that is rung when something was appended. Rings while nobody listens count as one. */
const createNudges = (): { ring: () => void; next: (ctx: Context, call: CallContext) => Promise<void> } => {
  let bell = Promise.withResolvers<void>();
  return {
    ring: () => bell.resolve(),
    next: async ({ clock }, call) => {
      const enough = new AbortController();
      const signal = AbortSignal.any([call.signal, call.draining, enough.signal]);
      await Promise.race([bell.promise, clock.sleep(LOOK_MS, signal).catch(() => undefined)]);
      enough.abort();
      await clock.sleep(COALESCE_MS, call.signal);
      bell = Promise.withResolvers<void>();
    },
  };
};
