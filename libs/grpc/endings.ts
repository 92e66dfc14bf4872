import { DomainError, status } from '#libs/errors/index.ts';

/** CANCELLED `CALL_CANCELLED`: the other side left, or no longer wants an answer. */
export const callCancelled = (): DomainError =>
  new DomainError(status.CANCELLED, 'CALL_CANCELLED', 'the call was cancelled');

/** CANCELLED `CALL_OVER`: something was sent after the end of the call. One object for all calls, because each needs it. */
export const CALL_OVER: DomainError = new DomainError(
  status.CANCELLED,
  'CALL_OVER',
  'the call is over',
);

export const deadlineExceeded = (): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'DEADLINE_EXCEEDED',
    'the deadline passed; what was done is unknown',
  );

/** UNAVAILABLE `SERVER_DRAINING`: this process ends. The same call may succeed at another replica, or a little later. */
export const serverDraining = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'SERVER_DRAINING',
    'the server is shutting down; call again',
    {},
    { retryAfterMs: 1_000 },
  );
