import type { Logger } from '#libs/telemetry/index.ts';
import type { Lapse } from './domain/confirmations.ts';
import type { ConnectedUser, UserRecord } from './domain/user.ts';
import type { MachineDocument } from './store/machines.ts';
import type { Leaving } from './stream/reading.ts';

/** What happens in this service, as its log tells it: one function per event. */
export interface Events {
  machineEnrolled(machine: MachineDocument): void;
  machineDeleted(machine: string): void;
  agentConnected(user: ConnectedUser): void;
  /** An agent said something that only a later version knows. */
  messageSkipped(stream: { user: string; connection: string }): void;
  agentLeft(stream: { user: string; connection: string }, leaving: Leaving | undefined): void;
  userDrained(user: UserRecord): void;
  userLost(user: UserRecord): void;
  userClaimed(user: UserRecord): void;
  claimLapsed(user: UserRecord, why: Lapse): void;
  matcherStarted(term: number): void;
  matcherStopped(why: string): void;
  managerDead(manager: string, users: number): void;
  managerNotReached(manager: string, thrown: unknown): void;
  reportsUndecided(workload: string, thrown: unknown): void;
  roundFailed(what: string, thrown: unknown): void;
}

export const logEvents = (log: Logger): Events => ({
  machineEnrolled: ({ _id, name }) => log.info({ machine: _id, name }, 'machine enrolled'),
  machineDeleted: (machine) => log.info({ machine }, 'machine deleted'),
  agentConnected: ({ id, name, connection, slots, agentVersion }) =>
    log.info({ user: id, name, connection, slots, agentVersion }, 'agent connected'),
  messageSkipped: ({ user, connection }) =>
    log.warn(
      { user, connection },
      'an agent said something that this version does not know; it is skipped',
    ),
  agentLeft: ({ user, connection }, leaving) =>
    log.info({ user, connection, how: leaving?.kind ?? 'lost' }, 'agent left'),
  userDrained: ({ id, drain }) => log.info({ user: id, drain }, 'user taken out of service'),
  userLost: ({ id, manager }) => log.warn({ user: id, manager }, 'user lost with its manager'),
  userClaimed: ({ id, session, claim }) =>
    log.debug({ user: id, workload: session, claim }, 'user given to session'),
  claimLapsed: ({ id, session, claim }, why) =>
    log.info({ user: id, workload: session, claim, why }, 'claim lapsed'),
  matcherStarted: (term) => log.info({ term }, 'this instance matches now'),
  matcherStopped: (why) => log.info({ why }, 'this instance matches no longer'),
  managerDead: (manager, users) => log.warn({ manager, users }, 'another user-manager has died'),
  managerNotReached: (manager, thrown) =>
    log.warn({ manager, err: thrown }, 'another user-manager does not answer'),
  reportsUndecided: (workload, thrown) =>
    log.warn({ workload, err: thrown }, 'reports could not be decided'),
  roundFailed: (what, thrown) => log.warn({ what, err: thrown }, 'failed; it is tried again'),
});
