import { UpdateUserCount, type Demand } from '#libs/contracts/user.ts';
import type { UserDocument } from '../../services/user-manager/src/store/users.ts';

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Statements are repeated every 2 s, the matcher looks every second, and answers take their time. */
const IDLE_MS = 4_000;
/** A demand that was stated so recently stands. */
const STANDS_MS = 2_500;

interface Stated {
  demand: Demand;
  at: number;
  /** The most that it ever wanted: whoever matches may have heard an older statement. */
  most: number;
}

/** Checks whom the matcher gives to whom: I9 and both halves of I7, as the records of the users and the stated demands show it. */
export const createMatchingCheck = (
  users: ReadonlyMap<string, UserDocument>,
  now: () => number,
) => {
  const demands = new Map<string, Stated>();
  /** By user and number. */
  const claims = new Map<string, string>();
  const before = new Map<string, UserDocument>();
  /** Users whose present claim the matcher made; the others brought theirs along when they connected again. */
  const matched = new Set<string>();
  const idleSince = new Map<string, number>();
  let isCalm = false;

  const look = (user: UserDocument): void => {
    const { _id: id, session, claim, connection } = user;
    const known = before.get(id);
    before.set(id, user);
    if (known?.connection !== connection || session === null) {
      matched.delete(id);
    }
    if (session === null) {
      return;
    }
    const first = claims.get(`${id}/${claim}`) ?? session;
    claims.set(`${id}/${claim}`, first);
    if (first !== session) {
      throw new Violation(`I9: ${id} serves ${session} under a claim that ${first} has`);
    }
    if (known?.connection !== connection || known.session === session) {
      return;
    }
    matched.add(id);
    const count = [...matched].filter((other) => users.get(other)?.session === session).length;
    const { most = 0 } = demands.get(session) ?? {};
    if (count > most) {
      throw new Violation(`I7: ${session} has ${count} users, and never wanted more than ${most}`);
    }
  };

  const isWaiting = ({ demand, at }: Stated, user: string): boolean => {
    const serving = [...users.values()].filter(
      ({ session }) => session === demand.workloadId,
    ).length;
    const isBarred = demand.needs?.barredUserIds.includes(user) === true;
    return now() - at < STANDS_MS && serving < demand.wanted && !isBarred;
  };

  const lookWhetherIdle = ({ _id: id, session, connection, drain }: UserDocument): void => {
    const waits = [...demands.values()].find((stated) => isWaiting(stated, id));
    if (connection === null || session !== null || drain !== 'none' || waits === undefined) {
      idleSince.delete(id);
      return;
    }
    const since = idleSince.get(id) ?? now();
    idleSince.set(id, since);
    if (now() - since > IDLE_MS) {
      throw new Violation(
        `I7: ${id} idles since ${since}, although ${waits.demand.workloadId} waits for users`,
      );
    }
  };

  return {
    /** A session states its demand. */
    stated(bytes: Uint8Array): void {
      const { demand } = UpdateUserCount.decode(bytes);
      if (demand === undefined) {
        return;
      }
      const known = demands.get(demand.workloadId);
      // What a former owner says counts no longer.
      const isOlder = known !== undefined && demand.epoch < known.demand.epoch;
      const most = Math.max(known?.most ?? 0, demand.wanted);
      demands.set(demand.workloadId, isOlder ? { ...known, most } : { demand, at: now(), most });
    },
    /** To be called after each change of the users' records. */
    step(): void {
      for (const user of users.values()) {
        if (before.get(user._id) !== user) {
          look(user);
        }
        if (isCalm) {
          lookWhetherIdle(user);
        }
      }
    },
    /** From now on everybody must be given work within a moment. */
    calm: (): void => {
      isCalm = true;
    },
    /** The session that a claim was made for; undefined while nobody has seen such a claim. */
    sessionOf: (user: string, claim: number): string | undefined => claims.get(`${user}/${claim}`),
  };
};
