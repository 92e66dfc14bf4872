import { DomainError, requestIdReused, status, unavailable } from '#libs/errors/index.ts';
import type { Ask } from '../domain/lease-table.ts';
import type { Answer } from '../domain/draft.ts';

export const poolUnknown = (pool: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'PORT_POOL_UNKNOWN',
    `this host has no pool ${pool}; GetPoolStatus lists its pools`,
    { pool },
  );

/** NOT_FOUND `LEASE_NOT_FOUND`, also if the lease is another customer's. */
export const leaseNotFound = (lease: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'LEASE_NOT_FOUND',
    `no lease ${lease}; list them with ListLeases`,
    { lease },
  );

export const leaseEnded = (lease: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'LEASE_ENDED',
    `lease ${lease} is over, and its port may be somebody else's; acquire another one`,
    { lease },
  );

export const tokenOutdated = (lease: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'FENCING_TOKEN_OUTDATED',
    `that is not the fencing token of lease ${lease}; use the one that it was granted with`,
    { lease },
  );

export const leaseInUse = (lease: string, session: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'LEASE_IN_USE',
    `session ${session} lives on lease ${lease}; stop that, and the lease ends with it`,
    { lease, session },
  );

/** UNAVAILABLE: the disk refused the write, and nothing has changed. */
export const diskRefuses = (cause: unknown): DomainError =>
  unavailable(
    'disk',
    "the disk refuses to write to the broker's folder, so nothing was changed; make room and try again",
    { cause },
  );

/** UNAVAILABLE: the socket table cannot be read, so nobody knows which ports are taken. */
export const socketTableUnreadable = (): DomainError =>
  unavailable(
    'socket table',
    '/proc/net/tcp cannot be read, so no port can be leased; look at the broker’s log',
  );

type Refusal = Exclude<Answer, { kind: 'granted' }>;

/** The error for a request for ports that was refused. */
export const refusalOf = (
  answer: Refusal,
  { pool, port, count, requestId, owner }: Ask,
): DomainError => {
  switch (answer.kind) {
    case 'unknown-pool':
      return poolUnknown(pool);
    case 'not-in-pool':
      return new DomainError(
        status.NOT_FOUND,
        'PORT_NOT_IN_POOL',
        `port ${port} is not of pool ${pool}; GetPoolStatus tells its range`,
        { pool, port: port ?? 0 },
      );
    case 'reused':
      return requestIdReused(requestId);
    case 'taken':
      return new DomainError(
        status.RESOURCE_EXHAUSTED,
        'PORT_TAKEN',
        `port ${port} is ${TAKEN[answer.state]}; take another one, or wait`,
        { pool, port: port ?? 0, state: answer.state },
        { retryAfterMs: 1_000 },
      );
    case 'exhausted':
      return new DomainError(
        status.RESOURCE_EXHAUSTED,
        'PORT_POOL_EXHAUSTED',
        `pool ${pool} has no ${count === 1 ? 'port' : `${count} ports`} free; release one or wait`,
        { pool, count },
        { retryAfterMs: retryAfter(answer) },
      );
    case 'share-used':
      return new DomainError(
        status.RESOURCE_EXHAUSTED,
        'PORT_SHARE_USED',
        `${owner} has ${answer.held} of the ${answer.share} ports that one customer may have of pool ${pool} on this host, and asks for ${count === 1 ? 'one' : count} more; ${count > answer.share ? 'ask for fewer' : 'release one or wait'}`,
        { pool, count, held: answer.held, share: answer.share },
        { retryAfterMs: retryAfter(answer) },
      );
    case 'too-many-waiting':
      return new DomainError(
        status.RESOURCE_EXHAUSTED,
        'TOO_MANY_WAITING',
        `too many requests wait for pool ${pool} already, in all or of yours; try again later`,
        { pool },
        { retryAfterMs: 5_000 },
      );
    default:
      return answer satisfies never;
  }
};

const retryAfter = ({ retryAfterMs = 1_000 }: { retryAfterMs: number | undefined }): number =>
  Math.max(1, Math.ceil(retryAfterMs));

const TAKEN = {
  free: 'free again',
  leased: 'leased to somebody else',
  foreign: 'held by a program that is not of this mesh',
  quarantined: 'in quarantine until it is proved clean',
} as const;
