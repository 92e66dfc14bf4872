import type { Needs } from '#libs/contracts/user.ts';
import type { ShareDemand } from './shares.ts';

/** One user for one session. */
export interface Pairing {
  user: string;
  workload: string;
}

/** Users alike: they suit the same demands. */
export interface Pool {
  suits: readonly number[];
  /** The last one is given first. */
  idle: string[];
  /** By the index of the demand that they serve. */
  serving: Map<number, string[]>;
}

export const serve = (pool: Pool, { index }: Seat, user: string): void => {
  const serving = pool.serving.get(index);
  if (serving === undefined) {
    pool.serving.set(index, [user]);
  } else {
    serving.push(user);
  }
};

/** A demand while the plan is made. */
export interface Seat extends ShareDemand {
  index: number;
  needs: Needs;
  /** Users that serve it but do not count: they leave soon. */
  leaving: number;
}
