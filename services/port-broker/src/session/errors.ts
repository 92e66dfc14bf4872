import { DomainError, status } from '#libs/errors/index.ts';
import type { StartFailure } from '#libs/programs/index.ts';

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

export const sessionNotFound = (id: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'SESSION_NOT_FOUND',
    `there is no session ${id}; list them to see what there is`,
    { session: id },
  );
