import { unavailable } from '#libs/errors/index.ts';
import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import { serveMatcher } from '../bus/serve-matcher.ts';
import { createHealthyTime } from '../domain/healthy-time.ts';
import { startMatching } from './matching.ts';

/** A leader that could not read its lease for this long may have lost it. */
const SURE_MS = 2_500;

interface Lead {
  stop(): Promise<void>;
}

/** This instance's part in there being exactly one matcher. */
export interface Leadership {
  /** To be called after each beat: takes the lease if nobody alive holds it, lets go if somebody else does. */
  onBeat(peers: Peers): Promise<void>;
  isLeader(): boolean;
  /** Gives the lease up, so others need not wait for it to expire. */
  resign(): Promise<void>;
}

export const createLeadership = (ctx: Context): Leadership => {
  let lead: Lead | undefined;
  let sureAtMs = 0;
  const isSure = (): boolean => ctx.clock.monotonic() - sureAtMs < SURE_MS;

  const begin = async (term: number): Promise<void> => {
    await ctx.refreshRoster();
    const healthy = createHealthyTime();
    const healthyNow = (): number =>
      healthy.now(ctx.clock.monotonic(), ctx.bus.connected() && isSure());
    const matching = startMatching({ ...ctx, healthyNow });
    const serving = serveMatcher(ctx.bus, matching, () => {
      if (!isSure()) {
        throw unavailable('mongodb', 'the matcher cannot reach MongoDB; state it again');
      }
    });
    lead = {
      async stop() {
        matching.stop();
        await serving.close();
      },
    };
    ctx.events.matcherStarted(term);
  };

  const end = async (why: string): Promise<void> => {
    const ended = lead;
    lead = undefined;
    ctx.events.matcherStopped(why);
    await ended?.stop();
  };

  return {
    async onBeat(peers) {
      const atMs = ctx.clock.monotonic();
      const lease = await ctx.matcherLease.read();
      if (lease?.leader === ctx.instance) {
        sureAtMs = atMs;
        if (lead === undefined) {
          await begin(lease.term);
        }
        return;
      }
      if (lead !== undefined) {
        await end(`${lease?.leader ?? 'nobody'} has taken over`);
        return;
      }
      if (lease === undefined || lease.leader === null || peers.isGone(lease.leader)) {
        if (await ctx.matcherLease.take(lease, ctx.instance)) {
          sureAtMs = atMs;
          await begin((lease?.term ?? 0) + 1);
        }
      }
    },
    isLeader: () => lead !== undefined,
    async resign() {
      if (lead === undefined) {
        return;
      }
      await end('this instance ends');
      await ctx.matcherLease.resign(ctx.instance);
    },
  };
};
