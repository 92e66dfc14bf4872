import type { Context } from '../context.ts';
import type { Confirmations } from '../domain/confirmations.ts';
import type { DemandBook } from '../domain/demand-book.ts';
import { matchUsers, type MatchPlan } from '../domain/matcher.ts';
import { assignedToProto } from '../wire/user.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { updateEach } from './parallel.ts';

/** What matching needs of its surroundings. */
export interface MatchingOptions extends Pick<
  Context,
  'users' | 'roster' | 'refreshRoster' | 'announce' | 'sessions' | 'events' | 'clock'
> {
  /** Milliseconds that pass only while NATS and MongoDB answer. */
  healthyNow: () => number;
}

interface RoundOptions extends MatchingOptions {
  book: DemandBook;
  confirmations: Confirmations;
}

/**
 * One round: releases claims that have lapsed, decides, carries the plan out by compare-and-set, and tells the sessions.
 * Rejects with UNAVAILABLE while MongoDB is away. What was done by then stays done, and the next round continues.
 */
export const runRound = async (options: RoundOptions): Promise<MatchPlan> => {
  await releaseLapsed(options);
  const { book, roster, confirmations, healthyNow } = options;
  const nowMs = healthyNow();
  const connected = roster.connected();
  connected.forEach((user) => confirmations.see(user, nowMs, false));
  const plan = matchUsers(
    connected.map((user) => ({
      id: user.id,
      capability: user.capability,
      session: user.session,
      isTold: confirmations.isTold(user),
      hasServed: user.claim > 0,
      isDraining: user.drain !== 'none',
    })),
    book.active(nowMs),
  );
  const taken = new Set(plan.releases.map(({ user }) => user));
  await updateEach(plan.releases, async ({ user, workload }) => {
    const known = roster.get(user);
    if (known !== undefined) {
      await conclude(options, known, options.users.release(user, workload, known.claim));
    }
  });
  // A user that this round has released is claimed from its present record.
  await updateEach(plan.claims, async ({ user, workload }) => {
    const known = roster.get(user);
    if (known === undefined || (known.session !== null && taken.has(user))) {
      return;
    }
    const after = await conclude(options, known, options.users.claim(known, workload));
    if (after !== undefined) {
      options.events.userClaimed(after);
    }
  });
  tellNew(options, plan);
  return plan;
};

const releaseLapsed = async (options: RoundOptions): Promise<void> => {
  const { book, roster, confirmations, users, events, healthyNow } = options;
  const nowMs = healthyNow();
  const active = new Set(book.active(nowMs).map(({ workloadId }) => workloadId));
  const lapsed = roster.connected().flatMap((user) => {
    const { session } = user;
    if (session === null) {
      return [];
    }
    const state = active.has(session) ? 'active' : book.isRemoved(session) ? 'removed' : 'absent';
    const lapse = confirmations.lapse(user, state, nowMs);
    return lapse === undefined ? [] : [{ user, session, lapse }];
  });
  await updateEach(lapsed, async ({ user, session, lapse }) => {
    events.claimLapsed(user, lapse);
    await conclude(options, user, users.release(user.id, session, user.claim));
  });
};

/** Announces the result of a compare-and-set. If it failed, reads the present record. */
const conclude = async (
  { users, roster, announce }: Pick<RoundOptions, 'users' | 'roster' | 'announce'>,
  before: ConnectedUser,
  change: Promise<UserRecord | undefined>,
): Promise<UserRecord | undefined> => {
  const after = await change;
  if (after !== undefined) {
    announce(after);
    return after;
  }
  const present = await users.get(before.id);
  if (present !== undefined) {
    roster.apply(present);
  }
  return undefined;
};

/** Tells sessions at once of users that they do not know. A session that misses the message hears it in the next exchange. */
const tellNew = (
  { roster, confirmations, sessions, book, healthyNow }: RoundOptions,
  plan: MatchPlan,
): void => {
  const nowMs = healthyNow();
  const active = new Set(book.active(nowMs).map(({ workloadId }) => workloadId));
  const news = roster.connected().filter((user) => {
    confirmations.see(user, nowMs, false);
    return user.session !== null && active.has(user.session) && !confirmations.isTold(user);
  });
  for (const [workload, users] of Map.groupBy(news, ({ session }) => session ?? '')) {
    users.forEach((user) => confirmations.tell(user));
    sessions.newUsers(
      workload,
      users.map((user) => assignedToProto(user, plan.wantedBack.has(user.id))),
    );
  }
};
