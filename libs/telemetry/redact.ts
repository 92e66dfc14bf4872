// Names of values that must not reach a log, at any depth. `key` is one of them, so task keys are logged as `task`.
const SECRET_NAME =
  /(?:^(?:authorization|cookie|credentials?|passwd|key|d)|token|secret|password|jwk|(?:private|signing|account|api|workload)_?key|connection_?string)$/i;

export const REDACTED = '[redacted]';
const MAX_DEPTH = 6;
/** The longest text in a log. */
const MAX_TEXT_BYTES = 8 * 1024;
/** How much of a longer text is looked at. What is credentials shrinks, so more is read than is logged. */
const MAX_READ_CHARS = 64 * 1024;
/** Characters of all fields of a line together, roughly. */
const MAX_LINE_CHARS = 64 * 1024;

/**
 * Removes credentials from a text: bearer tokens, the user part of URLs, and account keys of connection strings. A text of
 * more than 8 KiB is cut. Takes time in proportion to the text, because callers' texts get here.
 */
export const redactText = (text: string): string => {
  const isCut = text.length > MAX_READ_CHARS;
  const read = isCut
    ? text.slice(0, MAX_READ_CHARS).replace(/:\/\/[^\s/@]*$/, `://${REDACTED}`)
    : text;
  const clean = read
    .replaceAll(/\b(bearer\s+)[\w.~+/=-]+/gi, `$1${REDACTED}`)
    .replaceAll(/:\/\/[^\s/@]+@/g, `://${REDACTED}@`)
    .replaceAll(/\b(AccountKey|SharedAccessSignature|sig)=[^;&\s]+/gi, `$1=${REDACTED}`);
  const bytes = Buffer.byteLength(clean);
  if (bytes <= MAX_TEXT_BYTES && !isCut) {
    return clean;
  }
  const kept = Buffer.from(clean)
    .subarray(0, MAX_TEXT_BYTES - CUT_BYTES)
    .toString();
  return `${kept}… [cut: ${text.length} characters]`;
};

const CUT_BYTES = 64;

/** What a line may still carry. */
interface Room {
  chars: number;
}

/**
 * A copy for logs. It replaces values under secret names, removes credentials from texts, and turns bytes into their
 * length. It leaves out anything deeper than six levels, which also ends cycles, and what follows after 64 KiB.
 */
export const redactFields = (fields: object): Record<string, unknown> =>
  copyFields(fields, 0, { chars: MAX_LINE_CHARS });

const copyFields = (fields: object, depth: number, room: Room): Record<string, unknown> => {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (room.chars <= 0) {
      copy['…'] = LEFT_OUT;
      break;
    }
    const shown = name.slice(0, MAX_NAME_CHARS);
    room.chars -= shown.length;
    copy[shown] =
      SECRET_NAME.test(shown) && value !== undefined ? REDACTED : copyOf(value, depth + 1, room);
  }
  return copy;
};

const LEFT_OUT = '[…]';
const MAX_NAME_CHARS = 100;
/** What each value costs beside its text. */
const VALUE_CHARS = 8;

const copyText = (text: string, room: Room): string => {
  const said = redactText(text);
  room.chars -= said.length;
  return said;
};

const copyList = (list: readonly unknown[], depth: number, room: Room): unknown[] => {
  const copy: unknown[] = [];
  for (const item of list) {
    if (room.chars <= 0) {
      copy.push(LEFT_OUT);
      break;
    }
    copy.push(copyOf(item, depth + 1, room));
  }
  return copy;
};

const copyOf = (value: unknown, depth: number, room: Room): unknown => {
  room.chars -= VALUE_CHARS;
  if (typeof value === 'string') {
    return copyText(value, room);
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
    return LEFT_OUT;
  }
  if (value instanceof Error) {
    return copyError(value, depth, room);
  }
  return Array.isArray(value) ? copyList(value, depth, room) : copyFields(value, depth, room);
};

// The fields of errors that are logged: ours, and the codes of Node, gRPC and MongoDB. No others, because errors of
// libraries carry whole requests with their headers.
const ERROR_FIELDS = ['code', 'reason', 'metadata', 'syscall', 'errors'];

/** The parts of an error that are logged: name, message, stack, a few fields, and its causes. */
const copyError = (error: Error, depth: number, room: Room): Record<string, unknown> => ({
  type: error.name,
  message: copyText(error.message, room),
  stack: copyText(error.stack ?? '', room),
  ...copyFields(
    Object.fromEntries(Object.entries(error).filter(([name]) => ERROR_FIELDS.includes(name))),
    depth,
    room,
  ),
  ...(error.cause === undefined ? {} : { cause: copyOf(error.cause, depth + 1, room) }),
  ...(error instanceof AggregateError ? { errors: copyOf(error.errors, depth + 1, room) } : {}),
});
