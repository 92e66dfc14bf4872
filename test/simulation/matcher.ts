import { NewUsers } from '#libs/contracts/session.ts';
import {
  MoreUsers,
  RemoveUsersDemandCompletely,
  SetDemandResponse,
  UpdateUserCount,
  UsersReleased,
  type Demand,
} from '#libs/contracts/user.ts';
import { unavailable } from '#libs/errors/index.ts';
import { matcherSubject, sessionSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import { createDemandBook } from '../../services/user-manager/src/domain/demand-book.ts';
import { matchUsers } from '../../services/user-manager/src/domain/matcher.ts';
import { assignedOf, CAPABILITY, type Registered } from './registry.ts';
import type { World } from './world.ts';

/** A claim that no statement confirmed for so long is released. */
const UNCONFIRMED_MS = 10_000;

/** Serves the matcher's subjects as long as it leads: the real book of demands and the real match, with claims in the registry. */
export const serveMatcher = (
  world: World,
  bus: Bus,
  registry: Map<string, Registered>,
  nextClaim: () => number,
  leads: () => boolean,
): { stop(): void } => {
  const book = createDemandBook();

  const round = (): void => {
    const now = world.now();
    for (const user of registry.values()) {
      if (user.session === null) continue;
      if (book.isRemoved(user.session) || now - user.confirmedAt > UNCONFIRMED_MS) user.session = null;
    }
    const users = [...registry.values()].map(({ id, session, isTold, claim }) => ({
      id,
      session,
      isTold,
      hasServed: claim > 0,
      isDraining: false,
      capability: CAPABILITY,
    }));
    const plan = matchUsers(users, book.active(now));
    views = plan.views;
    for (const { user } of plan.releases) registry.get(user)!.session = null;
    for (const { user: id, workload } of plan.claims) {
      const user = registry.get(id);
      if (user?.session !== null) continue;
      Object.assign(user, { session: workload, claim: nextClaim(), confirmedAt: now, isTold: false });
      const bytes = NewUsers.encode({ workloadId: workload, users: [assignedOf(user)] }).finish();
      bus.publish(sessionSubject(workload, 'new-users'), bytes);
    }
  };
  let views: ReturnType<typeof matchUsers>['views'] = new Map();

  const state = (demand: Demand | undefined): Uint8Array => {
    if (demand === undefined) throw new TypeError('a statement without a demand');
    book.state(demand, world.now());
    for (const { userId, connectionId, claim } of demand.users) {
      const user = registry.get(userId);
      if (user?.connection !== connectionId || user.claim !== claim || user.session !== demand.workloadId) continue;
      user.confirmedAt = world.now();
      user.isTold = true;
    }
    round();
    const users = [...registry.values()].filter(({ session }) => session === demand.workloadId);
    const { entitled = 0, suitable = 0 } = views.get(demand.workloadId) ?? {};
    const answer = { users: users.map(assignedOf), entitled, suitable, connected: registry.size };
    return SetDemandResponse.encode(answer).finish();
  };

  const verbs: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    'more-users': (bytes) => state(MoreUsers.decode(bytes).demand),
    'update-user-count': (bytes) => state(UpdateUserCount.decode(bytes).demand),
    'users-released': (bytes) => {
      const { workloadId, reign, users } = UsersReleased.decode(bytes);
      book.checkReign(workloadId, reign);
      for (const { userId, connectionId, claim } of users) {
        const user = registry.get(userId);
        const isSame = user?.connection === connectionId && user.claim === claim && user.session === workloadId;
        if (isSame) user.session = null;
      }
      round();
      return new Uint8Array();
    },
    'remove-users-demand-completely': (bytes) => {
      const { demand } = RemoveUsersDemandCompletely.decode(bytes);
      if (demand !== undefined) book.remove(demand, world.now());
      round();
      return new Uint8Array();
    },
  };
  const serving = bus.serve(matcherSubject('*'), async (bytes, { subject }) => {
    if (!leads()) throw unavailable('matcher', 'another one matches');
    return verbs[subject.slice(subject.lastIndexOf('.') + 1)]?.(bytes);
  });
  return { stop: () => void serving.close() };
};
