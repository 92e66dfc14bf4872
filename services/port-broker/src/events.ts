import type { Logger } from '#libs/telemetry/index.ts';
import type { Lease } from './domain/lease.ts';
import type { Sweep } from './domain/keep.ts';
import type { Session } from './domain/session.ts';

/** What happens in this service, as its log tells it: one function per event. */
export interface Events {
  leaseAcquired(lease: Lease): void;
  leaseEnded(lease: Lease): void;
  reconciled(sweep: Sweep): void;
  diskFailed(thrown: unknown): void;
  sessionChanged(session: Session): void;
  /** Its programs were found alive after a restart of this service. */
  sessionAdopted(session: Session): void;
  /** It ends soon unless somebody uses it. */
  sessionIdle(session: Session, minutesLeft: number): void;
}

/** Writes them to the log; a field named `key` would be taken for a secret. */
export const logEvents = (log: Logger): Events => ({
  leaseAcquired: ({ id, pool, port, token, owner, holder, ttlMs }) =>
    log.info({ lease: id, pool, port, token, owner, holder, ttlMs }, 'lease granted'),
  leaseEnded: ({ id, pool, port, owner, end }) =>
    log.info({ lease: id, pool, port, owner, reason: end?.reason }, 'lease ended'),
  reconciled: ({ checked, becameForeign, becameFree, expired, stillQuarantined }) =>
    log.info({ checked, becameForeign, becameFree, expired, stillQuarantined }, 'reconciled'),
  sessionChanged: ({ id, type, key, port, owner, state, end, lastError, restarts }) =>
    log.info(
      { session: id, type, what: key, port, owner, state, end, lastError, restarts },
      'session changed',
    ),
  sessionAdopted: ({ id, type, key, port }) =>
    log.info({ session: id, type, what: key, port }, 'session adopted'),
  sessionIdle: ({ id, type, key, port }, minutesLeft) =>
    log.info(
      { session: id, type, what: key, port, minutesLeft },
      'session ends soon unless it is used',
    ),
  diskFailed: (thrown) =>
    log.error(
      { err: thrown },
      'the disk refuses writes; no lease is granted until it takes them again',
    ),
});

/** Makes something durable that has happened already. If the disk refuses it, it has happened all the same. */
export const recorder =
  (events: Events) =>
  (write: () => void): void => {
    try {
      write();
    } catch (thrown) {
      events.diskFailed(thrown);
    }
  };
