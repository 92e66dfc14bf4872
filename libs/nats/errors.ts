import { ErrorCode, NatsError } from 'nats';
import { DomainError, isDomainError, status, unavailable } from '#libs/errors/index.ts';

/** There is no connection, and nothing was sent. */
export const disconnected = (cause?: unknown): DomainError =>
  unavailable('nats', 'nats is not connected; try again', { cause });

const outcomeUnknown = (message: string): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'DEPENDENCY_UNAVAILABLE',
    message,
    { dependency: 'nats', outcome: 'unknown' },
    { retryAfterMs: 1_000 },
  );

/** The connection broke, or the bus was closed, while an answer was awaited. */
export const connectionLost = (): DomainError =>
  outcomeUnknown('the connection to nats broke before the answer came; what happened is unknown');

/** The server said nothing at all while an answer was awaited. */
export const serverSilent = (): DomainError =>
  outcomeUnknown('nats does not answer; what happened is unknown; try again');

const CONNECTION_ENDS = [
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.Disconnect,
];

/** Whether the client failed with this code. The type of its errors allows any string as code. */
export const hasCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof NatsError && thrown.code === code;

/** Whether the user lacks the right. The connection goes on. */
const isForbidden = (thrown: unknown): boolean =>
  thrown instanceof NatsError && thrown.isPermissionError();

/** What the client threw while sending `sizeBytes` to `subject`, as DomainError. */
export const toBusError = (thrown: unknown, subject: string, sizeBytes: number): DomainError => {
  if (isDomainError(thrown)) {
    return thrown;
  }
  if (hasCode(thrown, ErrorCode.NoResponders)) {
    return new DomainError(
      status.UNAVAILABLE,
      'NO_RESPONDER',
      `nobody serves ${subject} right now; try again`,
      { subject },
      { retryAfterMs: 1_000 },
    );
  }
  if (hasCode(thrown, ErrorCode.Timeout)) {
    return new DomainError(
      status.DEADLINE_EXCEEDED,
      'REPLY_TIMEOUT',
      `no answer from ${subject} in time; what happened is unknown`,
      { subject },
    );
  }
  if (hasCode(thrown, ErrorCode.MaxPayloadExceeded)) {
    return new DomainError(
      status.INVALID_ARGUMENT,
      'MESSAGE_TOO_LARGE',
      `${sizeBytes} bytes to ${subject} are more than the server takes; send less at a time`,
      { subject, size_bytes: sizeBytes },
      { cause: thrown },
    );
  }
  if (isForbidden(thrown)) {
    return new DomainError(
      status.UNAVAILABLE,
      'DEPENDENCY_UNAVAILABLE',
      `nats does not let this service use ${subject}; give its user the rights that it needs (node tools/store-users.ts nats)`,
      { dependency: 'nats', subject },
      { retryAfterMs: 1_000, cause: thrown },
    );
  }
  if (CONNECTION_ENDS.some((code) => hasCode(thrown, code))) {
    return disconnected(thrown);
  }
  return unavailable('nats', 'nats refused a message; the log has the cause', { cause: thrown });
};
