/** The codes of gRPC by name. Source: https://grpc.io/docs/guides/status-codes/ */
export const status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** A code of gRPC. */
export type status = (typeof status)[keyof typeof status];

const names = new Map<number, string>(Object.entries(status).map(([name, code]) => [code, name]));

/** The name of a code, `NOT_FOUND`; the number where there is none. */
export const statusName = (code: number): string => names.get(code) ?? String(code);

/** The code of an error; UNKNOWN for a number that gRPC does not know, and for OK, which is no error. */
export const errorCode = (code: number): status =>
  names.has(code) && code !== status.OK ? (code as status) : status.UNKNOWN;
