import type { Demand, RemoveDemandRequest } from '#libs/contracts/user.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { compareNumbers, statementOrder } from './order.ts';

/** A demand that was not stated for this long no longer counts, because its session is gone or has moved. */
export const DEMAND_LIFE_MS = 10_000;
/** How long the end of a demand is remembered, because a late statement must not bring it back. */
export const TOMBSTONE_LIFE_MS = 60_000;

interface Entry {
  reign: number;
  counter: number;
  /** Undefined once removed. */
  demand: Demand | undefined;
  heardAtMs: number;
}

/**
 * What sessions want, as they state it repeatedly. Kept only in memory, because a new matcher hears it all within one exchange.
 * Times are milliseconds of one clock that never goes back.
 */
export interface DemandBook {
  /** Throws FAILED_PRECONDITION `STALE_REIGN` when a greater (reign, counter) has spoken. The same one again is fine. */
  state(demand: Demand, nowMs: number): void;
  /** Ends a demand for good; throws as `state`. */
  remove(request: RemoveDemandRequest, nowMs: number): void;
  /** Throws `STALE_REIGN` unless `reign` is the greatest that spoke for the workload. */
  checkReign(workload: string, reign: number): void;
  /** The demands that count, by workload. */
  active(nowMs: number): Demand[];
  /** Whether the workload's demand was ended by its owner. */
  isRemoved(workload: string): boolean;
}

const staleReign = (workload: string, entry: Entry): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'STALE_REIGN',
    `reign ${entry.reign}, counter ${entry.counter} has spoken for ${workload} already`,
    { workload, reign: entry.reign, counter: entry.counter },
  );

/** An empty book. */
export const createDemandBook = (): DemandBook => {
  const entries = new Map<string, Entry>();

  const check = (workload: string, statement: { reign: number; counter: number }): void => {
    const known = entries.get(workload);
    if (known === undefined) {
      return;
    }
    const order = compareNumbers(statementOrder(statement), statementOrder(known));
    if (order < 0 || (order === 0 && known.demand === undefined)) {
      throw staleReign(workload, known);
    }
  };

  const forgetOld = (nowMs: number): void => {
    for (const [workload, { heardAtMs }] of entries) {
      if (nowMs - heardAtMs > TOMBSTONE_LIFE_MS) {
        entries.delete(workload);
      }
    }
  };

  return {
    state(demand, nowMs) {
      const { workloadId, reign, counter } = demand;
      check(workloadId, demand);
      entries.set(workloadId, { reign, counter, demand, heardAtMs: nowMs });
    },
    remove({ workloadId, reign, counter }, nowMs) {
      const known = entries.get(workloadId);
      const isRepeated = known?.demand === undefined && known?.reign === reign && known.counter === counter;
      if (!isRepeated) {
        check(workloadId, { reign, counter });
      }
      entries.set(workloadId, { reign, counter, demand: undefined, heardAtMs: nowMs });
    },
    checkReign(workload, reign) {
      const known = entries.get(workload);
      if (known !== undefined && reign < known.reign) {
        throw staleReign(workload, known);
      }
    },
    active(nowMs) {
      forgetOld(nowMs);
      return [...entries.values()]
        .flatMap(({ demand, heardAtMs }) =>
          demand !== undefined && nowMs - heardAtMs < DEMAND_LIFE_MS ? [demand] : [],
        )
        .sort((a, b) => (a.workloadId < b.workloadId ? -1 : 1));
    },
    isRemoved: (workload) => {
      const known = entries.get(workload);
      return known !== undefined && known.demand === undefined;
    },
  };
};
