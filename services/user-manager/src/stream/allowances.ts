import { type Allowance, createAllowance } from '../domain/allowance.ts';

/** What one agent may still cost. Its streams share it, because else a new stream would be a new allowance. */
export interface AgentAllowances {
  /** For what it says. */
  said: Allowance;
  /** For requests about workloads that it does not serve now, each of which may cost a look into the database. */
  former: Allowance;
}

export type Allowances = ReturnType<typeof createAllowances>;

/** The cost of a message, without what is in it: one report, attempt or task is 1. */
export const MESSAGE_COST = 10;
/** What an attempt earns that is handed out: its beginning and its end may come in a message each. */
export const ATTEMPT_EARNS = 2 * (MESSAGE_COST + 1);

/** Enough for an outbox that comes again after an outage. */
const SAID = { max: 20_000, perSecond: 1_000, maxEarned: 500_000 };
const FORMER = { max: 50, perSecond: 20 };
/** More agents than one manager holds. */
const MAX_REMEMBERED = 20_000;

/** The allowances of this manager's agents, the least recently connected forgotten first. */
export const createAllowances = (monotonic: () => number) => {
  const all = new Map<string, AgentAllowances>();
  return {
    of(user: string): AgentAllowances {
      const own = all.get(user) ?? {
        said: createAllowance({ ...SAID, monotonic }),
        former: createAllowance({ ...FORMER, monotonic }),
      };
      all.delete(user);
      all.set(user, own);
      if (all.size > MAX_REMEMBERED) {
        all.delete(all.keys().next().value ?? '');
      }
      return own;
    },
  };
};
