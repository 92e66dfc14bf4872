import type { Demand, Needs } from '#libs/contracts/user.ts';
import { canServe } from '#libs/engines/index.ts';
import { giveBacks } from './give-back.ts';
import { giveIdle } from './give-idle.ts';
import { type Pairing, type Pool, type Seat, serve } from './seats.ts';
import { fairShares } from './shares.ts';
import type { UserRecord } from './user.ts';

/** A connected user, as the matcher sees it. */
export interface MatchUser extends Pick<UserRecord, 'id' | 'capability' | 'session'> {
  /** Its session knows that it has it. A user that its session does not know does no work, so it can be taken back at once. */
  isTold: boolean;
  /** It has served a session before. Such idle users go first, because nobody knows yet whether the others work. */
  hasServed: boolean;
  isDraining: boolean;
}

/** How one demand stands after the plan is carried out. */
export interface DemandView {
  /** How many users it may keep. It gives the surplus back. */
  entitled: number;
  /** How many connected users could do its work, busy ones included. */
  suitable: number;
}

/** What to do now, and what to tell the sessions. */
export interface MatchPlan {
  claims: Pairing[];
  releases: Pairing[];
  /** By workload. */
  views: Map<string, DemandView>;
  /** Users whom their session shall give back, because somebody else waits for just them, or they no longer suit. */
  wantedBack: Set<string>;
}

const noNeeds: Needs = {
  engine: '',
  family: '',
  minVersion: '',
  exactVersion: '',
  memoryBytes: 0,
  barredUserIds: [],
  device: false,
  deviceMemoryBytes: 0,
};

const seatsOf = (demands: readonly Demand[]): Seat[] =>
  demands.map(({ workloadId: id, customerId: customer, weight, wanted, needs }, index) => ({
    index,
    id,
    customer,
    weight: Math.max(1, weight),
    wanted,
    needs: needs ?? noNeeds,
    held: 0,
    leaving: 0,
  }));

/** Sorts users into pools, counts them for each demand, and finds those that must be released or given back. */
const place = (users: readonly MatchUser[], seats: readonly Seat[], plan: MatchPlan): Pool[] => {
  const byWorkload = new Map(seats.map((seat) => [seat.id, seat]));
  const pools = new Map<string, Pool>();
  // Users that their sessions know come first. If there are too many, the others are taken back.
  const rank = ({ isTold, hasServed }: MatchUser): number => (isTold ? 2 : 0) + (hasServed ? 1 : 0);
  for (const user of [...users].sort((a, b) => rank(b) - rank(a))) {
    const suited = user.isDraining ? [] : seats.filter(({ needs }) => suits(user, needs));
    for (const { id } of suited) {
      plan.views.get(id)!.suitable += 1;
    }
    const seat = user.session === null ? undefined : byWorkload.get(user.session);
    if (user.session !== null && seat === undefined) {
      continue;
    }
    const pool = poolOf(pools, suited);
    if (seat === undefined) {
      pool.idle.push(user.id);
    } else if (
      !user.isTold &&
      (seat.held + seat.leaving >= seat.wanted || !suited.includes(seat))
    ) {
      plan.releases.push({ user: user.id, workload: seat.id });
      pool.idle.push(user.id);
    } else if (suited.includes(seat)) {
      seat.held += 1;
      serve(pool, seat, user.id);
    } else {
      seat.leaving += 1;
      plan.wantedBack.add(user.id);
    }
  }
  for (const pool of pools.values()) {
    pool.idle.reverse();
  }
  // Users that suit the fewest demands are given first, because versatile users are worth keeping free.
  return [...pools.values()].sort((a, b) => a.suits.length - b.suits.length);
};

const poolOf = (pools: Map<string, Pool>, suited: readonly Seat[]): Pool => {
  const suiting = suited.map(({ index }) => index);
  const known = pools.get(suiting.join());
  const pool = known ?? { suits: suiting, idle: [], serving: new Map() };
  pools.set(suiting.join(), pool);
  return pool;
};

/**
 * Decides who serves whom: idle users go to sessions at once, the neediest customer first; sessions with more than their share
 * are told so, and give users back by themselves. Never gives a session more than it wants, never two sessions the same user,
 * and leaves no user idle for whom a suitable demand waits. `demands` has one a workload; users of other sessions are left alone.
 */
export const matchUsers = (users: readonly MatchUser[], demands: readonly Demand[]): MatchPlan => {
  const seats = seatsOf(demands);
  const plan: MatchPlan = { claims: [], releases: [], views: new Map(), wantedBack: new Set() };
  for (const { id } of seats) {
    plan.views.set(id, { entitled: 0, suitable: 0 });
  }
  const pools = place(users, seats, plan);
  const classes = pools.map(({ idle, serving, suits: suited }) => ({
    size: idle.length + [...serving.values()].reduce((sum, { length }) => sum + length, 0),
    suits: suited,
  }));
  const shares = fairShares(
    seats.map((seat) => ({ ...seat, wanted: Math.max(0, seat.wanted - seat.leaving) })),
    classes,
  );
  giveIdle(seats, pools, shares, plan.claims);
  const surplus = giveBacks(seats, pools, shares, plan.wantedBack);
  for (const { index, id, held, leaving, wanted } of seats) {
    plan.views.get(id)!.entitled = Math.min(
      wanted,
      Math.max(shares[index]!, held - surplus[index]!) + leaving,
    );
  }
  return plan;
};

/** Whether a user can do a session's work. Needs that say nothing suit everybody. */
export const suits = (
  { id, capability }: Pick<UserRecord, 'id' | 'capability'>,
  needs: Needs,
): boolean =>
  capability.memoryBytes >= needs.memoryBytes &&
  !needs.barredUserIds.includes(id) &&
  canServe(capability.engines, needs);
