import type { EngineNeeds } from '#libs/engines/index.ts';
import type { Crew } from './crew.ts';
import { engineNeeds } from './machines.ts';
import { effectiveWanted } from './schedule.ts';
import type { WorkloadState } from './workload.ts';

/** What the users of a workload must be able to do. */
export interface Needs extends EngineNeeds {
  /** Users that get no more of this workload. */
  barredUserIds: string[];
}

/** What a workload asks of the matcher now, in monotonic milliseconds. */
export const demandOf = (
  state: WorkloadState,
  crew: Crew,
  planUsers: number,
  now: number,
): { wanted: number; needs: Needs; users: { userId: string; connectionId: string; claim: number }[] } => {
  const needs = { ...engineNeeds(state), barredUserIds: [...state.barred] };
  const users = [...crew.members.values()].map(({ id, connection, claim }) => ({
    userId: id,
    connectionId: connection,
    claim,
  }));
  return { wanted: effectiveWanted({ state, crew, planUsers, now }), needs, users };
};
