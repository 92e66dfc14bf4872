import type { UserClaim } from '#libs/contracts/user.ts';
import type { ConnectedUser } from './user.ts';

/** A claim that no exchange confirmed for this long is released. */
export const CLAIM_LIFE_MS = 10_000;

interface Standing {
  claim: number;
  isTold: boolean;
  aliveAtMs: number;
}

/** Why a claim has no right to go on. */
export type Lapse = 'demand-removed' | 'unconfirmed' | 'no-demand';

/**
 * The claims that sessions know of, and when they last confirmed them. Kept only in memory: a new matcher assumes those that it
 * finds. Times pass only while NATS and MongoDB answer, because a session that cannot confirm is not at fault.
 */
export type Confirmations = ReturnType<typeof createConfirmations>;

/** Nothing confirmed yet; the matcher begins at `startedAtMs`. */
export const createConfirmations = (startedAtMs: number) => {
  const standings = new Map<string, Standing>();
  const standing = (user: ConnectedUser): Standing | undefined => {
    const known = standings.get(user.id);
    return known?.claim === user.claim ? known : undefined;
  };

  return {
    /** Takes note of a user's claim; `isTold` counts when it was not known before. */
    see(user: ConnectedUser, nowMs: number, isTold: boolean): void {
      if (user.session === null) {
        standings.delete(user.id);
      } else if (standing(user) === undefined) {
        standings.set(user.id, { claim: user.claim, isTold, aliveAtMs: nowMs });
      }
    },
    /** A session named these users as its own. */
    confirm(
      claims: readonly UserClaim[],
      find: (id: string) => ConnectedUser | undefined,
      nowMs: number,
    ): void {
      for (const { userId, connectionId, claim } of claims) {
        const user = find(userId);
        if (user !== undefined && user.connection === connectionId && user.claim === claim) {
          standings.set(userId, { claim, isTold: true, aliveAtMs: nowMs });
        }
      }
    },
    tell(user: ConnectedUser): void {
      const known = standing(user);
      if (known !== undefined) {
        known.isTold = true;
      }
    },
    isTold: (user: ConnectedUser): boolean => standing(user)?.isTold ?? false,
    /** Undefined while the claim stands. */
    lapse(
      user: ConnectedUser,
      demand: 'active' | 'removed' | 'absent',
      nowMs: number,
    ): Lapse | undefined {
      if (user.session === null) {
        return undefined;
      }
      if (demand === 'removed') {
        return 'demand-removed';
      }
      if (nowMs - (standing(user)?.aliveAtMs ?? nowMs) >= CLAIM_LIFE_MS) {
        return 'unconfirmed';
      }
      // Every live session has stated its demand by now, so a user that came back to a session without one is free.
      return demand === 'absent' && nowMs - startedAtMs >= CLAIM_LIFE_MS ? 'no-demand' : undefined;
    },
    forget: (user: string) => void standings.delete(user),
  };
};
