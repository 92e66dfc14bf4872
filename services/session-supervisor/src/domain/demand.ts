import type { Crew } from './crew.ts';
import { effectiveWanted } from './schedule.ts';
import type { WorkloadState } from './workload.ts';

/** What the users of a workload must be able to do. */
export interface Needs {
  /** Empty with `anyBlender`. */
  engine: string;
  anyBlender: boolean;
  /** Blender's version must be this or later; empty: any. */
  minVersion: string;
  /** Blender's version must be this; empty: any. */
  exactVersion: string;
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
  const { spec, file } = state.header;
  const barredUserIds = [...state.barred];
  const needs =
    spec.kind === 'noop'
      ? { engine: 'noop', anyBlender: false, minVersion: '', exactVersion: '', barredUserIds }
      : {
          engine: state.engine,
          anyBlender: state.engine === '',
          minVersion: file?.blenderVersion ?? '',
          exactVersion: state.version,
          barredUserIds,
        };
  const users = [...crew.members.values()].map(({ id, connection, claim }) => ({
    userId: id,
    connectionId: connection,
    claim,
  }));
  return { wanted: effectiveWanted({ state, crew, planUsers, now }), needs, users };
};
