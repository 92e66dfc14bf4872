import { status } from './status.ts';

/** One field of a request that is wrong. `field` is the proto path (`spec.render.frames`), `description` what to do. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** What an error may carry beyond its reason. */
interface ErrorExtra {
  /** Every wrong field of the request; travels as google.rpc.BadRequest. */
  violations?: readonly FieldViolation[];
  /** After how many milliseconds another try makes sense; travels as google.rpc.RetryInfo. */
  retryAfterMs?: number | undefined;
  /** What really happened. It is for logs only and never leaves the process. */
  cause?: unknown;
}

/**
 * An error that a caller can act on: `code` says what kind it is, `reason` (UPPER_SNAKE_CASE, stable) exactly which,
 * `message` what to do next, `metadata` the values in it. Callers compare `reason`, never text.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: status;
  readonly reason: string;
  readonly metadata: Record<string, string>;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;

  constructor(
    code: status,
    reason: string,
    message: string,
    metadata: Record<string, string | number> = {},
    extra: ErrorExtra = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.reason = reason;
    this.metadata = Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key, String(value)]),
    );
    this.violations = extra.violations ?? [];
    this.retryAfterMs = extra.retryAfterMs;
  }
}

/** Whether a thrown value is a DomainError, and so safe to show to a caller. */
export const isDomainError = (thrown: unknown): thrown is DomainError =>
  thrown instanceof DomainError;

/** INVALID_ARGUMENT `INVALID_FIELDS`: names all wrong fields, in the message too, for people who see nothing else. */
export const invalidFields = (violations: readonly FieldViolation[]): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'INVALID_FIELDS',
    violations.map(({ field, description }) => `${field}: ${description}`).join('; ') ||
      'the request is invalid',
    {},
    { violations },
  );

/** INVALID_ARGUMENT `REQUEST_ID_REUSED`: the same request id came before with another request. */
export const requestIdReused = (requestId: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'REQUEST_ID_REUSED',
    `request_id ${requestId} came before with another request; choose a new one`,
    { request_id: requestId },
  );

const DEFAULT_RETRY_MS = 1_000;

/** UNAVAILABLE `DEPENDENCY_UNAVAILABLE`, of `mongodb`, `nats` or `blob storage`. `retryAfterMs` defaults to 1 s. */
export const unavailable = (
  dependency: string,
  message: string,
  options: Pick<ErrorExtra, 'retryAfterMs' | 'cause'> = {},
): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'DEPENDENCY_UNAVAILABLE',
    message,
    { dependency },
    { retryAfterMs: options.retryAfterMs ?? DEFAULT_RETRY_MS, cause: options.cause },
  );
