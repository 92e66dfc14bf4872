// Names of values that must not reach a log, at any depth. `key` is one of them, so task keys are logged as `task`.
const SECRET_NAME =
  /^(authorization|cookie|credentials?|passwd|jwk|key|d|.*token|.*secret|.*password|.*(private|signing|account|api|workload)_?key|.*connection_?string|.*_?jwk)$/i;

export const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

/** Removes credentials from a text: bearer tokens, the user part of URLs, and account keys of connection strings. */
export const redactText = (text: string): string =>
  text
    .replaceAll(/\b(bearer\s+)[\w.~+/=-]+/gi, `$1${REDACTED}`)
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${REDACTED}@`)
    .replaceAll(/\b(AccountKey|SharedAccessSignature|sig)=[^;&\s]+/gi, `$1=${REDACTED}`);

/**
 * A copy for logs. It replaces values under secret names, removes credentials from texts, and turns bytes into their
 * length. It leaves out anything deeper than six levels, which also ends cycles.
 */
export const redactFields = (fields: object, depth = 0): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      SECRET_NAME.test(name) && value !== undefined ? REDACTED : redactValue(value, depth + 1),
    ]),
  );

const redactValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') {
    return redactText(value);
  }
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) {
    return value;
  }
  if (value instanceof Uint8Array) {
    return `[${value.byteLength} bytes]`;
  }
  if (depth >= MAX_DEPTH) {
    return '[…]';
  }
  if (value instanceof Error) {
    return redactError(value, depth);
  }
  return Array.isArray(value)
    ? value.map((item) => redactValue(item, depth + 1))
    : redactFields(value, depth);
};

// The fields of errors that are logged: ours, and the codes of Node, gRPC and MongoDB. No others, because errors of
// libraries carry whole requests with their headers.
const ERROR_FIELDS = ['code', 'reason', 'metadata', 'syscall', 'errors'];

/** The parts of an error that are logged: name, message, stack, a few fields, and its causes. */
const redactError = (error: Error, depth: number): Record<string, unknown> => ({
  type: error.name,
  message: redactText(error.message),
  stack: redactText(error.stack ?? ''),
  ...redactFields(
    Object.fromEntries(Object.entries(error).filter(([name]) => ERROR_FIELDS.includes(name))),
    depth,
  ),
  ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  ...(error instanceof AggregateError ? { errors: redactValue(error.errors, depth + 1) } : {}),
});
