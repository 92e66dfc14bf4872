import type { Caller } from '#libs/auth/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** The call that a handler answers. */
export interface CallContext {
  /** The caller; undefined only on public rpcs. */
  caller: Caller | undefined;
  /** Aborts when nobody waits any more: caller gone, deadline, end of the server; its reason says which. Pass it on. */
  signal: AbortSignal;
  /** Ends the call with this error, even while an answer waits for a caller that no longer reads. */
  abort: (error: unknown) => void;
  /**
   * Lets the caller's next call begin although this one goes on, because from here on it waits for something else than the mesh: a port,
   * a program, somebody's server. What it does after that must cost little. Without effect on a stream.
   */
  standAside: () => void;
  /** Aborts when the server begins to drain. An endless stream ends itself then; every other handler finishes. */
  draining: AbortSignal;
  /** The caller's `x-request-id`; the server makes one if it is missing. */
  requestId: string;
  /** A logger whose lines carry the method and the request id. */
  log: Logger;
  /** Milliseconds from the arrival of the call to its deadline; undefined for a stream without one. */
  deadlineMs: number | undefined;
  /** Address and port of the other side, for logs. */
  peer: string;
  /** The caller's token, for calls to other servers in the caller's name; undefined on public rpcs without one. */
  token: string | undefined;
  /** A header of the call by its name in lower case; undefined if it is missing. */
  header: (name: string) => string | undefined;
  /** The caller's `user-agent`; empty if it is missing. */
  userAgent: string;
}

/** One request, one answer. */
export type Unary<Q, R> = (request: Q, call: CallContext) => Promise<R>;

/** One request, many answers. The next answer is taken when the caller has room for it. */
export type ServerStream<Q, R> = (request: Q, call: CallContext) => AsyncIterable<R>;

/** Many requests, one answer. Iterating throws if the stream breaks before the caller has ended it. */
export type ClientStream<Q, R> = (requests: AsyncIterable<Q>, call: CallContext) => Promise<R>;

/** Many requests and many answers at the same time. The call ends with the last answer. */
export type Bidi<Q, R> = (requests: AsyncIterable<Q>, call: CallContext) => AsyncIterable<R>;
