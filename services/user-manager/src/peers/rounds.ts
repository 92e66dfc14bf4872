import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import type { Leadership } from '../matching/leadership.ts';
import { auditStreams } from './audit.ts';
import { buryDeadManagers } from './dead-managers.ts';

const AUDIT_EVERY = 5;
const REFRESH_EVERY = 2;

/** What is done after each beat, once a second while MongoDB answers. */
export const onEachBeat = (
  ctx: Context,
  leadership: Leadership,
): ((peers: Peers) => Promise<void>) => {
  let beats = 0;
  return async (peers) => {
    beats += 1;
    await leadership.onBeat(peers);
    if (leadership.isLeader()) {
      await buryDeadManagers(ctx, peers);
    }
    if (beats % REFRESH_EVERY === 0) {
      await ctx.refreshRoster();
    }
    for (const stream of ctx.streams.all()) {
      stream.checkPace();
    }
    if (beats % AUDIT_EVERY === 0) {
      await auditStreams(ctx);
    }
  };
};
