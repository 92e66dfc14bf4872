import { DomainError, status } from '#libs/errors/index.ts';
import type { StartFailure } from '#libs/programs/index.ts';
import type { Ending, Shortage } from '../domain/host-share.ts';

/** The error for a session whose programs did not start: FAILED_PRECONDITION, or UNAVAILABLE if a retry can help. */
export const startFailed = ({
  reason,
  message,
  program,
  exitCode,
  lastLines,
  cause,
}: StartFailure): DomainError => {
  const metadata = { program, lastLines, ...(typeof exitCode === 'number' ? { exitCode } : {}) };
  switch (reason) {
    case 'PROGRAM_MISSING':
    case 'PROGRAM_NOT_EXECUTABLE':
    case 'PROGRAM_EXITED':
      return new DomainError(status.FAILED_PRECONDITION, reason, message, metadata, { cause });
    case 'PORT_TAKEN':
    case 'FOREIGN_LISTENER':
    case 'NOT_READY_IN_TIME':
      return new DomainError(status.UNAVAILABLE, reason, `${message}; try again`, metadata, {
        cause,
        retryAfterMs: 1_000,
      });
    default:
      return reason satisfies never;
  }
};

const RETRY_MS = 5_000;
const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

/** RESOURCE_EXHAUSTED: what is made before its programs start took too much. */
export const endedBefore = ({ reason, text }: Ending): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    reason,
    `the session was ended before it began: it ${text}; stop another session, or take another host`,
    {},
    { retryAfterMs: RETRY_MS },
  );

/** RESOURCE_EXHAUSTED: the host has no room for another session, or its owner has taken theirs. */
export const hostShort = (shortage: Shortage): DomainError => {
  const { kind, boundBytes } = shortage;
  if (kind === 'reserve') {
    const { freeBytes } = shortage;
    return new DomainError(
      status.RESOURCE_EXHAUSTED,
      'HOST_DISK_SHORT',
      `only ${mib(freeBytes)} of the host's disk are free, and no session begins below ${mib(boundBytes)}; take another host, or try again when somebody made room`,
      { free_bytes: freeBytes, reserve_bytes: boundBytes },
      { retryAfterMs: RETRY_MS },
    );
  }
  const [reason, what] =
    kind === 'customer-memory'
      ? (['CUSTOMER_MEMORY_USED', 'memory'] as const)
      : (['CUSTOMER_DISK_USED', 'disk'] as const);
  const { takenBytes } = shortage;
  return new DomainError(
    status.RESOURCE_EXHAUSTED,
    reason,
    `your sessions on this host take ${mib(takenBytes)} of ${what} together, and may take ${mib(boundBytes)}; stop one of them, or take another host`,
    { taken_bytes: takenBytes, bound_bytes: boundBytes },
    { retryAfterMs: RETRY_MS },
  );
};

export const sessionNotFound = (id: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'SESSION_NOT_FOUND',
    `there is no session ${id}; list them to see what there is`,
    { session: id },
  );
