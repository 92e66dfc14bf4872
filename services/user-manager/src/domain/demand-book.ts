import type { Demand } from '#libs/contracts/user.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { compareNumbers } from './order.ts';

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

/** What a session's owner states is overruled by a greater (epoch, counter). */
type Statement = Pick<Demand, 'workloadId' | 'epoch' | 'counter'>;

/** What sessions want, as they state it repeatedly. Kept only in memory: a new matcher hears it all within one exchange. */
export type DemandBook = ReturnType<typeof createDemandBook>;

const staleEpoch = (workload: string, entry: Entry): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'STALE_EPOCH',
    `epoch ${entry.epoch}, counter ${entry.counter} has spoken for ${workload} already`,
    { workload, epoch: entry.epoch, counter: entry.counter },
  );

export const createDemandBook = () => {
  const entries = new Map<string, Entry>();

  const check = ({ workloadId, epoch, counter }: Statement): void => {
    const known = entries.get(workloadId);
    if (known === undefined) {
      return;
    }
    const order = compareNumbers([epoch, counter], [known.epoch, known.counter]);
    if (order < 0 || (order === 0 && known.demand === undefined)) {
      throw staleEpoch(workloadId, known);
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
    /** Throws FAILED_PRECONDITION `STALE_EPOCH` when a greater (epoch, counter) has spoken. The same one again is fine. */
    state(demand: Demand, nowMs: number): void {
      const { workloadId, epoch, counter } = demand;
      check(demand);
      entries.set(workloadId, { epoch, counter, demand, heardAtMs: nowMs });
    },
    /** Ends a demand for good; throws as `state`, but not at the same removal again. */
    remove(removal: Statement, nowMs: number): void {
      const { workloadId, epoch, counter } = removal;
      const known = entries.get(workloadId);
      const isRepeated =
        known?.demand === undefined && known?.epoch === epoch && known.counter === counter;
      if (!isRepeated) {
        check(removal);
      }
      entries.set(workloadId, { epoch, counter, demand: undefined, heardAtMs: nowMs });
    },
    /** Throws `STALE_EPOCH` unless `epoch` is the greatest that spoke for the workload. */
    checkEpoch(workload: string, epoch: number): void {
      const known = entries.get(workload);
      if (known !== undefined && epoch < known.epoch) {
        throw staleEpoch(workload, known);
      }
    },
    /** The demands that count, by workload. */
    active(nowMs: number): Demand[] {
      forgetOld(nowMs);
      return [...entries.values()]
        .flatMap(({ demand, heardAtMs }) =>
          demand !== undefined && nowMs - heardAtMs < DEMAND_LIFE_MS ? [demand] : [],
        )
        .sort((a, b) => (a.workloadId < b.workloadId ? -1 : 1));
    },
    /** Whether the workload's demand was ended by its owner. */
    isRemoved(workload: string): boolean {
      const known = entries.get(workload);
      return known !== undefined && known.demand === undefined;
    },
  };
};
