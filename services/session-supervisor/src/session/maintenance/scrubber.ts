import type { Context } from '../../context.ts';
import { obey, repairOf } from '../owner/obey.ts';
import { scrub } from './scrub.ts';

/** Checks accepted results against their blobs in the background, one workload after the other. */
export interface Scrubber {
  stop(): Promise<void>;
}

/** Of the time that reading takes: so long it rests, so that those who fetch results notice nothing. */
const REST = 9;
const REPAIR_MS = 30_000;

export const startScrubber = (ctx: Context): Scrubber => {
  const stopped = new AbortController();
  const { signal } = stopped;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await ctx.clock.sleep(ctx.scrub.everyMs, signal).catch(() => undefined);
      try {
        while (!signal.aborted && (await scrubNext(ctx, signal)));
      } catch (thrown) {
        if (!signal.aborted) ctx.logger.debug({ err: thrown }, 'a scrub failed; it is tried again');
      }
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};

/** Checks the workload that has gone unchecked for longest, if it is its turn. Answers whether there was one. */
export const scrubNext = async (ctx: Context, signal: AbortSignal): Promise<boolean> => {
  const now = ctx.clock.now();
  const due = await ctx.workloads.toScrub(new Date(now - ctx.scrub.afterMs), new Date(now));
  if (due === undefined) return false;
  const id = due._id;
  let from = 0;
  for (let hasMore = true; hasMore;) {
    const view = await ctx.reads.view(id);
    if (view === undefined || view.state.deleteResults || view.state.phase === 'stopped') return true;
    let began = ctx.clock.monotonic();
    const rest = async (): Promise<void> => {
      await ctx.clock.sleep(REST * (ctx.clock.monotonic() - began), signal);
      began = ctx.clock.monotonic();
    };
    const found = await scrub(ctx, view.state, from, () => false, signal, rest);
    const message = repairOf(found);
    if (message !== undefined) {
      ctx.logger.warn({ workload: id, ...found }, 'accepted results are missing or damaged; they are made again');
      await obey(ctx, id, { requestId: '', command: message }, ctx.clock.monotonic() + REPAIR_MS, signal);
    }
    ({ position: from, hasMore } = found);
  }
  return true;
};
