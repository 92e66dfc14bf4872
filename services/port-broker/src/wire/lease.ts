import { LeaseEndReason, LeaseState, type Lease as ProtoLease } from '#libs/contracts/port.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import type { EndReason, Lease } from '../domain/lease.ts';

const REASONS: Record<EndReason, LeaseEndReason> = {
  released: LeaseEndReason.RELEASED,
  expired: LeaseEndReason.EXPIRED,
  rebooted: LeaseEndReason.REBOOTED,
};

export const leaseToProto = (host: string, lease: Lease): ProtoLease => ({
  leaseId: lease.id,
  pool: lease.pool,
  port: lease.port,
  fencingToken: lease.token,
  expireTime: lease.session === '' ? new Date(lease.expiresAtMs) : undefined,
  sessionId: lease.session,
  host,
  owner: lease.owner,
  holder: lease.holder,
  requestId: lease.requestId,
  state: lease.end === undefined ? LeaseState.HELD : LeaseState.ENDED,
  ttl: durationToProto(lease.ttlMs),
  createTime: new Date(lease.grantedAtMs),
  endTime: lease.end === undefined ? undefined : new Date(lease.end.atMs),
  endReason: lease.end === undefined ? LeaseEndReason.UNSPECIFIED : REASONS[lease.end.reason],
});
