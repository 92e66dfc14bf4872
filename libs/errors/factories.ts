import { status } from './status.ts';
import { DomainError, type ErrorExtra, type FieldViolation } from './domain-error.ts';

/**
 * INVALID_ARGUMENT `INVALID_FIELDS`: names all wrong fields of a request in one answer. The message names them too, for
 * people who see nothing else.
 */
export const invalidFields = (violations: readonly FieldViolation[]): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'INVALID_FIELDS',
    violations.map(({ field, description }) => `${field}: ${description}`).join('; ') ||
      'the request is invalid',
    {},
    { violations },
  );

/** How long a caller waits before it tries again, if nothing better is known. */
const DEFAULT_RETRY_MS = 1_000;

/**
 * UNAVAILABLE `DEPENDENCY_UNAVAILABLE`, with the missing dependency (`mongodb`, `nats`, `blob storage`) in
 * `metadata.dependency`. `retryAfterMs` defaults to 1 s.
 */
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
