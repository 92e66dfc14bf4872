import { usersForCopies } from './copies.ts';
import { engineNeeds, excludedUsers } from './machines.ts';
import type { Workers } from './workers.ts';
import type { Draft, Session } from '../decisions/decision.ts';
import { sparseEntries } from '../sets/sparse-map.ts';
import {
  hasEnded,
  isOver,
  isParked,
  isReady,
  readyCount,
  type WorkloadState,
} from '../state/workload.ts';

/**
 * How many users a session wants now: no more than asked for, than the plan allows, and than tasks are left or worth copying.
 * A task that failed may need more users to try it.
 */
export const effectiveWanted = (session: Session & Pick<Draft, 'now'>): number => {
  const { state, planUsers } = session;
  if (isOver(state) || state.phase === 'paused' || isParked(state)) {
    return 0;
  }
  const remaining = readyCount(state);
  const { maxFailures } = state.header.spec;
  const users = (isTroubled(state) ? maxFailures : 0) + lookersOf(state);
  const triers = remaining < users ? users : 0;
  // Repairs need one user even if 0 are wanted, because that number cannot be changed once the workload has ended.
  const most = Math.min(hasEnded(state) ? Math.max(state.wanted, 1) : state.wanted, planUsers);
  // The search for tasks worth copying costs time and is only useful near the end.
  const copiers = remaining < most ? usersForCopies(session) : 0;
  return Math.min(most, Math.max(remaining + copiers, triers));
};

/** A task that is looked at twice needs a user of another owner than each that made it. */
const lookersOf = ({ looks }: WorkloadState): number =>
  looks.values().reduce((most, votes) => Math.max(most, votes.length + 2), 0);

/** Whether a task that may begin went wrong before. One that was done since is no reason to ask for more users. */
const isTroubled = (state: WorkloadState): boolean =>
  sparseEntries(state.troubles).some(([ordinal]) => isReady(state, ordinal));

/** How many different users can serve the session now or soon. */
export const reachOf = ({ state, workers, planUsers }: Session): number => {
  const offered = workers.hasExchanged ? Math.min(workers.suitable, workers.entitled) : 0;
  return Math.max(workers.byId.size, Math.min(offered, state.wanted, planUsers));
};

/** What a workload asks of the matcher at `now`, monotonic milliseconds. */
export const demandOf = (
  state: WorkloadState,
  workers: Workers,
  planUsers: number,
  now: number,
) => ({
  wanted: effectiveWanted({ state, workers, planUsers, now }),
  needs: { ...engineNeeds(state), barredUserIds: excludedUsers(state) },
  users: Array.from(workers.byId.values(), ({ id, connection, claim }) => ({
    userId: id,
    connectionId: connection,
    claim,
  })),
});
