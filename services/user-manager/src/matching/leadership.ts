import type { BarredMachine } from '#libs/contracts/user.ts';
import { unavailable } from '#libs/errors/index.ts';
import type { Peers } from '#libs/mongo/index.ts';
import { serveMatcher } from '../bus/serve-matcher.ts';
import type { Context } from '../context.ts';
import { createHealthyTime } from '../domain/healthy-time.ts';
import { startMatching } from './matching.ts';
import type { MatchingOptions } from './round.ts';

/** A leader that could not read the leadership for this long may have lost it. */
const SURE_MS = 2_500;
/** Bars are rare; a session that was away for so many misses none of them but the oldest. */
const MAX_BARRED = 100;

interface LeadershipOptions
  extends
    Omit<MatchingOptions, 'healthyNow'>,
    Pick<Context, 'bus' | 'instance' | 'leadershipStore' | 'machines'> {}

/** This instance's part in there being exactly one matcher. */
export type Leadership = ReturnType<typeof createLeadership>;

export const createLeadership = (options: LeadershipOptions) => {
  const { bus, clock, events, instance, leadershipStore } = options;
  let stopLeading: (() => Promise<void>) | undefined;
  let sureAtMs = 0;
  let barred: BarredMachine[] = [];
  /** All sessions are told, so that they need not ask for each of their machines. The beat waits for nothing, and the next one asks again. */
  const readBarred = async (): Promise<void> => {
    const found = await options.machines.barred(MAX_BARRED).catch(() => undefined);
    barred =
      found === undefined
        ? barred
        : found.map(({ _id: machineId, barred: { reason = '' } = {} }) => ({
            machineId,
            reason,
          }));
  };
  const isSure = (): boolean => clock.monotonic() - sureAtMs < SURE_MS;

  const begin = async (epoch: number): Promise<void> => {
    await options.refreshRoster();
    const healthy = createHealthyTime();
    const healthyNow = (): number => healthy.now(clock.monotonic(), bus.connected() && isSure());
    const matching = startMatching({ ...options, healthyNow });
    const check = (): void => {
      if (!isSure()) {
        throw unavailable('mongodb', 'the matcher cannot reach MongoDB; state it again');
      }
    };
    const servings = serveMatcher(bus, matching, check, () => barred);
    stopLeading = async () => {
      matching.stop();
      await Promise.all(servings.map((serving) => serving.close()));
    };
    events.matcherStarted(epoch);
  };

  const end = async (why: string): Promise<void> => {
    const stop = stopLeading;
    stopLeading = undefined;
    events.matcherStopped(why);
    await stop?.();
  };

  return {
    /** To be called after each beat: takes the leadership if nobody alive holds it, lets go if somebody else does. */
    async onBeat(peers: Peers): Promise<void> {
      const atMs = clock.monotonic();
      const found = await leadershipStore.read();
      if (found?.leader === instance) {
        sureAtMs = atMs;
        if (stopLeading === undefined) {
          await begin(found.epoch);
        }
        void readBarred();
      } else if (stopLeading !== undefined) {
        await end(`${found?.leader ?? 'nobody'} has taken over`);
      } else if (found === undefined || found.leader === null || peers.isGone(found.leader)) {
        if (await leadershipStore.take(found, instance)) {
          sureAtMs = atMs;
          await begin((found?.epoch ?? 0) + 1);
        }
      }
    },
    isLeader: (): boolean => stopLeading !== undefined,
    /** Gives the leadership up. If MongoDB is away, others take it once this instance counts as gone. */
    async resign(): Promise<void> {
      if (stopLeading !== undefined) {
        await end('this instance ends');
        await leadershipStore.resign(instance).catch(events.leadershipKept);
      }
    },
  };
};
