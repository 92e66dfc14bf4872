import { DomainError, status } from '#libs/errors/index.ts';

/** CANCELLED `CALL_CANCELLED`: the other side went away, or wants no answer any more. */
export const callCancelled = (): DomainError =>
  new DomainError(status.CANCELLED, 'CALL_CANCELLED', 'the call was cancelled');

/** CANCELLED `CALL_OVER`: something was sent after the call had ended. One for all calls: every call ends with it. */
export const CALL_OVER: DomainError = new DomainError(status.CANCELLED, 'CALL_OVER', 'the call is over');

/** DEADLINE_EXCEEDED `DEADLINE_EXCEEDED`: whether the work was done is unknown. */
export const deadlineExceeded = (): DomainError =>
  new DomainError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', 'the deadline passed; what was done is unknown');

/** UNAVAILABLE `SERVER_DRAINING`: this process ends; the same call to another one, or to it a little later, may do. */
export const serverDraining = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'SERVER_DRAINING',
    'the server is shutting down; call again',
    {},
    { retryAfterMs: 1_000 },
  );
