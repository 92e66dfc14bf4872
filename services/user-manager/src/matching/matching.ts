import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '#libs/clock/index.ts';
import type {
  Demand,
  DemandStatus,
  RemoveDemandRequest,
  SetDemandResponse,
  UsersReleased,
} from '#libs/contracts/user.ts';
import { createConfirmations } from '../domain/confirmations.ts';
import { createDemandBook } from '../domain/demand-book.ts';
import type { DemandView } from '../domain/matcher.ts';
import { assignedToProto } from '../wire/user.ts';
import { type ConnectedUser, isConnected } from '../domain/user.ts';
import { createCoalescer } from './coalescer.ts';
import { type MatchingOptions, runRound } from './round.ts';

/** Claims and demands also end by time alone. */
const TICK_MS = 1_000;

/** A round looks at every user, so it waits this long to cover more changes: a thousand agents may connect at once. */
const CHANGES_MS = 10;

/** Whether two statements ask for the same, so that a repeated one costs no round. */
const isSameDemand = (a: Demand, b: Demand): boolean =>
  a.wanted === b.wanted &&
  a.weight === b.weight &&
  a.customerId === b.customerId &&
  isDeepStrictEqual(a.needs, b.needs);

/** What a session hears of its demand; the registry knows the rest. */
type Answer = Omit<SetDemandResponse, 'barred'>;

/** The matcher, while this instance is the replica that matches. */
export type Matching = ReturnType<typeof startMatching>;

/** Starts to match. It assumes that sessions know of the claims that it finds. */
export const startMatching = (options: MatchingOptions) => {
  const { users, roster, announce, sessions, clock, healthyNow } = options;
  const book = createDemandBook();
  const confirmations = createConfirmations(healthyNow());
  for (const user of roster.connected()) {
    confirmations.see(user, healthyNow(), true);
  }
  let views: ReadonlyMap<string, DemandView> = new Map();
  let wantedBack: ReadonlySet<string> = new Set();

  /** The last round failed, so it may have made a claim that the roster does not show. */
  let isUnsure = false;
  const rounds = createCoalescer(
    async () => {
      if (isUnsure) {
        await options.refreshRoster();
      }
      isUnsure = true;
      const plan = await runRound({ ...options, book, confirmations });
      isUnsure = false;
      views = plan.views;
      wantedBack = plan.wantedBack;
    },
    (thrown) => options.events.roundFailed('matching users', thrown),
  );

  let soon: Timer | undefined;
  const requestSoon = (): void => {
    soon ??= clock.setTimer(CHANGES_MS, () => {
      soon = undefined;
      rounds.request();
    });
  };
  const stopListening = roster.onChange((user, before) => {
    requestSoon();
    if (user.connection === null) {
      confirmations.forget(user.id);
    }
    const isNewlyDrained = user.drain !== 'none' && before?.drain !== user.drain;
    if (isNewlyDrained && isConnected(user) && user.session !== null) {
      sessions.newUsers(user.session, [assignedToProto(user, false)]);
    }
  });
  let timer = clock.setTimer(TICK_MS, function tick() {
    rounds.request();
    timer = clock.setTimer(TICK_MS, tick);
  });

  const ofWorkload = (workload: string): ConnectedUser[] =>
    roster.connected().filter(({ session }) => session === workload);

  const answer = (workload: string): Answer => {
    const own = ofWorkload(workload);
    own.forEach((user) => confirmations.tell(user));
    const { entitled = 0, suitable = 0 } = views.get(workload) ?? {};
    return {
      users: own.map((user) => assignedToProto(user, wantedBack.has(user.id))),
      entitled,
      suitable,
      connected: roster.connected().length,
    };
  };

  return {
    async setDemand(demand: Demand): Promise<Answer> {
      const nowMs = healthyNow();
      const before = book.active(nowMs).find(({ workloadId }) => workloadId === demand.workloadId);
      book.state(demand, nowMs);
      confirmations.confirm(demand.users, (id) => roster.get(id), nowMs);
      if (before === undefined || !isSameDemand(before, demand)) {
        rounds.request();
      }
      await rounds.settled();
      return answer(demand.workloadId);
    },
    async removeDemand(request: RemoveDemandRequest): Promise<void> {
      book.remove(request, healthyNow());
      rounds.request();
      await rounds.settled();
    },
    async usersReleased({ workloadId, epoch, users: claims }: UsersReleased): Promise<void> {
      book.checkEpoch(workloadId, epoch);
      const released = await Promise.all(
        claims.map(({ userId, claim }) => users.release(userId, workloadId, claim)),
      );
      released.forEach((user) => user && announce(user));
    },
    listDemands: (): DemandStatus[] =>
      book.active(healthyNow()).map((demand) => ({
        demand,
        assigned: ofWorkload(demand.workloadId).length,
        entitled: views.get(demand.workloadId)?.entitled ?? 0,
      })),
    stop(): void {
      stopListening();
      timer.cancel();
      soon?.cancel();
      rounds.stop();
    },
  };
};
