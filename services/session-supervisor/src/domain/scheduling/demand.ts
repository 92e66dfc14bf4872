import type { EngineNeeds } from '#libs/engines/index.ts';
import type { Workers } from './workers.ts';
import { engineNeeds } from './machines.ts';
import { effectiveWanted } from './schedule.ts';
import type { WorkloadState } from '../state/workload.ts';

/** What a workload requires of its users. */
export interface Needs extends EngineNeeds {
  barredUserIds: string[];
}

/**
 * What a workload asks of the matcher now.
 *
 * @param now monotonic milliseconds
 */
export const demandOf = (
  state: WorkloadState,
  workers: Workers,
  planUsers: number,
  now: number,
): {
  wanted: number;
  needs: Needs;
  users: { userId: string; connectionId: string; claim: number }[];
} => {
  const needs = { ...engineNeeds(state), barredUserIds: [...state.barred] };
  const users = [...workers.byId.values()].map(({ id, connection, claim }) => ({
    userId: id,
    connectionId: connection,
    claim,
  }));
  return { wanted: effectiveWanted({ state, workers, planUsers, now }), needs, users };
};
