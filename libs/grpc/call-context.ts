import type { Caller } from '#libs/auth/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** What a handler knows about the call that it answers. */
export interface CallContext {
  /** Who calls. Undefined only on public rpcs. */
  caller: Caller | undefined;
  /**
   * Aborts when nobody waits for the answer any more: the caller went away or cancelled, the deadline passed, or the
   * server ends. Its reason is a DomainError that says which, fit to be thrown. Pass it on to everything that waits.
   */
  signal: AbortSignal;
  /**
   * Ends the call with this error, also while an answer waits for a reader that has stopped reading. It becomes the
   * reason of `signal`.
   */
  abort: (error: unknown) => void;
  /**
   * Aborts when the server begins to drain. A stream that goes on for ever ends on it of its own accord; everything
   * else ignores it and is left to finish.
   */
  draining: AbortSignal;
  /** The caller's `x-request-id`, or one made here. */
  requestId: string;
  /** Says the method and the request id in each line. */
  log: Logger;
  /** What was left until the deadline when the call came in, in milliseconds. Undefined: a stream without deadline. */
  deadlineMs: number | undefined;
  /** Address and port of the other side, for logs. */
  peer: string;
  /** The caller's token as it came, to ask another server in the caller's name; undefined on public rpcs without one. */
  token: string | undefined;
  /** A header of the call, in lower case; undefined: it has none. */
  header: (name: string) => string | undefined;
  /** What the caller's program says that it is; empty if it says nothing. */
  userAgent: string;
}

/** One request, one answer. */
export type Unary<Q, R> = (request: Q, call: CallContext) => Promise<R>;

/** One request, many answers. Each is taken only when the reader has room for it. */
export type ServerStream<Q, R> = (request: Q, call: CallContext) => AsyncIterable<R>;

/** Many requests, one answer. Iterating throws when the stream broke before the caller said that it was complete. */
export type ClientStream<Q, R> = (requests: AsyncIterable<Q>, call: CallContext) => Promise<R>;

/** Many requests and many answers at the same time. The call ends when the answers do. */
export type Bidi<Q, R> = (requests: AsyncIterable<Q>, call: CallContext) => AsyncIterable<R>;
