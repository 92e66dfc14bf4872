import type { Logger } from '#libs/telemetry/index.ts';
import type { StreamId } from './bus/sessions.ts';
import type { Lapse } from './domain/confirmations.ts';
import type { ConnectedUser, UserRecord } from './domain/user.ts';
import type { MachineDocument } from './store/machines.ts';
import type { Leaving } from './stream/reading.ts';

/** What happens in this service, as its log tells it: one function per event. */
export type Events = ReturnType<typeof logEvents>;

export const logEvents = (log: Logger) => ({
  machineEnrolled: ({ _id, name }: MachineDocument): void =>
    log.info({ machine: _id, name }, 'machine enrolled'),
  machineDeleted: (machine: string): void => log.info({ machine }, 'machine deleted'),
  /** The operator should look at it. */
  machineBarred: (machine: string, workload: string, reason: string): void =>
    log.error(
      { machine, workload, reason },
      'machine barred: its results are not what they should be',
    ),
  /** A disk, memory or a person may be at fault. */
  machineContradicted: (machine: string, workload: string, reason: string, times: number): void =>
    log.warn(
      { machine, workload, reason, times },
      'a result of a machine is not what it reported; the third such bars it',
    ),
  agentConnected: ({ id, name, connection, slots, agentVersion }: ConnectedUser): void =>
    log.info({ user: id, name, connection, slots, agentVersion }, 'agent connected'),
  /** An agent said something that only a later version knows. */
  messageSkipped: ({ userId: user, connectionId: connection }: StreamId): void =>
    log.warn(
      { user, connection },
      'an agent said something that this version does not know; it is skipped',
    ),
  agentLeft: (
    { userId: user, connectionId: connection }: StreamId,
    leaving: Leaving | undefined,
  ): void => log.info({ user, connection, how: leaving?.kind ?? 'lost' }, 'agent left'),
  userDrained: ({ id, drain }: UserRecord): void =>
    log.info({ user: id, drain }, 'user taken out of service'),
  userLost: ({ id, manager }: UserRecord): void =>
    log.warn({ user: id, manager }, 'user lost with its manager'),
  userClaimed: ({ id, session, claim }: UserRecord): void =>
    log.debug({ user: id, workload: session, claim }, 'user given to session'),
  claimLapsed: ({ id, session, claim }: UserRecord, why: Lapse): void =>
    log.info({ user: id, workload: session, claim, why }, 'claim lapsed'),
  matcherStarted: (epoch: number): void => log.info({ epoch }, 'this instance matches now'),
  matcherStopped: (why: string): void => log.info({ why }, 'this instance matches no longer'),
  leadershipKept: (err: unknown): void =>
    log.warn({ err }, 'the leadership could not be given up; others take it once this has ended'),
  managerDead: (manager: string, users: number): void =>
    log.warn({ manager, users }, 'another user-manager has died'),
  managerNotReached: (manager: string, err: unknown): void =>
    log.warn({ manager, err }, 'another user-manager does not answer'),
  reportsUndecided: (workload: string, err: unknown): void =>
    log.warn({ workload, err }, 'reports could not be decided'),
  roundFailed: (what: string, err: unknown): void =>
    log.warn({ what, err }, 'failed; it is tried again'),
});
