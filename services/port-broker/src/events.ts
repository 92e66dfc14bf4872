import type { Logger } from '#libs/telemetry/index.ts';
import type { Lease } from './domain/lease.ts';
import type { Sweep } from './domain/keep.ts';

/** What happens in this service, as its log tells it: one function per event. */
export interface Events {
  leaseAcquired(lease: Lease): void;
  leaseEnded(lease: Lease): void;
  reconciled(sweep: Sweep): void;
  diskFailed(thrown: unknown): void;
}

/** Writes them to the log. */
export const logEvents = (log: Logger): Events => ({
  leaseAcquired: ({ id, pool, port, token, owner, holder, ttlMs }) =>
    log.info({ lease: id, pool, port, token, owner, holder, ttlMs }, 'lease granted'),
  leaseEnded: ({ id, pool, port, owner, end }) =>
    log.info({ lease: id, pool, port, owner, reason: end?.reason }, 'lease ended'),
  reconciled: ({ checked, becameForeign, becameFree, expired, stillQuarantined }) =>
    log.info({ checked, becameForeign, becameFree, expired, stillQuarantined }, 'reconciled'),
  diskFailed: (thrown) => log.error({ err: thrown }, 'the disk takes nothing; no lease is granted until it does'),
});
