import type { Logger } from '#libs/telemetry/index.ts';
import type { Lease } from './domain/lease.ts';
import type { Sweep } from './domain/keep.ts';
import type { Session } from './domain/session.ts';

/** The events of this service, each of which writes a line to the log. */
export const logEvents = (log: Logger) => {
  // The logger takes a field named `key` for a secret.
  const about = ({ id, type, key, port }: Session) => ({ session: id, type, what: key, port });
  return {
    leaseAcquired: ({ id, pool, port, token, owner, holder, ttlMs }: Lease): void =>
      log.info({ lease: id, pool, port, token, owner, holder, ttlMs }, 'lease granted'),
    leaseEnded: ({ id, pool, port, owner, end }: Lease): void =>
      log.info({ lease: id, pool, port, owner, reason: end?.reason }, 'lease ended'),
    reconciled: (sweep: Sweep): void => log.info(sweep, 'reconciled'),
    sessionChanged: (session: Session): void => {
      const { owner, state, end, lastError, restarts } = session;
      log.info({ ...about(session), owner, state, end, lastError, restarts }, 'session changed');
    },
    /** Its programs were found alive after a restart of this service. */
    sessionAdopted: (session: Session): void => log.info(about(session), 'session adopted'),
    sessionIdle: (session: Session, minutesLeft: number): void =>
      log.info({ ...about(session), minutesLeft }, 'session ends soon unless it is used'),
    diskFailed: (thrown: unknown): void =>
      log.error(
        { err: thrown },
        'the disk refuses writes; no lease is granted until it takes them again',
      ),
  };
};

export type Events = ReturnType<typeof logEvents>;

/** Records something that has already happened. If the disk refuses the write, only the log tells of it. */
export const recorder =
  (events: Events) =>
  (write: () => void): void => {
    try {
      write();
    } catch (thrown) {
      events.diskFailed(thrown);
    }
  };
