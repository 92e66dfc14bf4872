import type { Demand, RemoveDemandRequest } from '#libs/contracts/user.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { compareNumbers, statementOrder } from './order.ts';

/** A demand that was not stated for this long no longer counts, because its session is gone or has moved. */
export const DEMAND_LIFE_MS = 10_000;
/** How long the end of a demand is remembered, because a late statement must not bring it back. */
export const TOMBSTONE_LIFE_MS = 60_000;

interface Entry {
  epoch: number;
  counter: number;
  /** Undefined once removed. */
  demand: Demand | undefined;
  heardAtMs: number;
}

/** What sessions want, as they state it repeatedly. Kept only in memory: a new matcher hears it all within one exchange. */
export interface DemandBook {
  /** Throws FAILED_PRECONDITION `STALE_EPOCH` when a greater (epoch, counter) has spoken. The same one again is fine. */
  state(demand: Demand, nowMs: number): void;
  /** Ends a demand for good; throws as `state`. */
  remove(request: RemoveDemandRequest, nowMs: number): void;
  /** Throws `STALE_EPOCH` unless `epoch` is the greatest that spoke for the workload. */
  checkEpoch(workload: string, epoch: number): void;
  /** The demands that count, by workload. */
  active(nowMs: number): Demand[];
  /** Whether the workload's demand was ended by its owner. */
  isRemoved(workload: string): boolean;
}

const staleEpoch = (workload: string, entry: Entry): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'STALE_EPOCH',
    `epoch ${entry.epoch}, counter ${entry.counter} has spoken for ${workload} already`,
    { workload, epoch: entry.epoch, counter: entry.counter },
  );

export const createDemandBook = (): DemandBook => {
  const entries = new Map<string, Entry>();

  const check = (workload: string, statement: { epoch: number; counter: number }): void => {
    const known = entries.get(workload);
    if (known === undefined) {
      return;
    }
    const order = compareNumbers(statementOrder(statement), statementOrder(known));
    if (order < 0 || (order === 0 && known.demand === undefined)) {
      throw staleEpoch(workload, known);
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
      const { workloadId, epoch, counter } = demand;
      check(workloadId, demand);
      entries.set(workloadId, { epoch, counter, demand, heardAtMs: nowMs });
    },
    remove({ workloadId, epoch, counter }, nowMs) {
      const known = entries.get(workloadId);
      const isRepeated =
        known?.demand === undefined && known?.epoch === epoch && known.counter === counter;
      if (!isRepeated) {
        check(workloadId, { epoch, counter });
      }
      entries.set(workloadId, { epoch, counter, demand: undefined, heardAtMs: nowMs });
    },
    checkEpoch(workload, epoch) {
      const known = entries.get(workload);
      if (known !== undefined && epoch < known.epoch) {
        throw staleEpoch(workload, known);
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
