import { LeaseEndReason, LeaseState, type Lease as ProtoLease } from '#libs/contracts/port.ts';
import type { Duration } from '#libs/contracts/rpc.ts';
import type { EndReason, Lease } from '../domain/lease.ts';

const REASONS: Record<EndReason, LeaseEndReason> = {
  released: LeaseEndReason.RELEASED,
  expired: LeaseEndReason.EXPIRED,
  rebooted: LeaseEndReason.REBOOTED,
};

/** A lease as callers see it. */
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

/** A span in milliseconds as google.protobuf.Duration. */
export const durationToProto = (ms: number): Duration => ({
  seconds: Math.floor(ms / 1_000),
  nanos: Math.round(ms % 1_000) * 1_000_000,
});

/** The inverse; undefined where there is none. */
export const durationFromProto = (duration: Duration | undefined): number | undefined =>
  duration === undefined ? undefined : duration.seconds * 1_000 + duration.nanos / 1_000_000;
