/** Options of a message. The current trace is always sent with it. */
export interface SendOptions {
  /** Names the request in the logs of all processes that it reaches. Default: a new one. */
  requestId?: string;
}

export interface RequestOptions extends SendOptions {
  /** The answer must arrive within this many milliseconds. */
  timeoutMs: number;
  /** Ends the waiting, not the work: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A message, without its bytes. */
export interface BusMessage {
  /** The subject of the message, never the pattern. */
  subject: string;
  requestId: string;
  /** False: the message was published, and nobody waits for an answer. */
  isRequest: boolean;
}

/** Answers a message. Undefined means an answer without bytes. */
export type ServeHandler = (
  bytes: Uint8Array,
  message: BusMessage,
) => Promise<Uint8Array | undefined>;

export interface ServeOptions {
  /** Of all servers with this queue name, one gets each message. Without a name, each server gets every message. */
  queue?: string;
}

/** A subject being served. */
export interface Serving {
  /**
   * Resolves when the server knows the subscription, so requests find it. Rejects with UNAVAILABLE `nats` without a
   * connection; each reconnect tells the server again in any case.
   */
  ready(): Promise<void>;
  /** Takes no new messages. Resolves when the messages that came are handled, after 10 s at the latest. */
  close(): Promise<void>;
}

/** A connection to NATS that always reconnects by itself. */
export interface Bus {
  /**
   * Sends at most once. Without a connection or a listener, the message is lost silently.
   *
   * Errors: INVALID_ARGUMENT `INVALID_SUBJECT`, `MESSAGE_TOO_LARGE`.
   */
  publish(subject: string, bytes: Uint8Array, options?: SendOptions): void;
  /**
   * Asks a server of the subject. A DomainError of its handler comes back unchanged.
   *
   * Errors, besides those of `publish`:
   * * UNAVAILABLE `NO_RESPONDER`: nobody serves the subject; nothing happened.
   * * UNAVAILABLE `DEPENDENCY_UNAVAILABLE`, dependency `nats`: the connection is away (nothing happened), or broke or
   *   was silent while the answer was awaited (`metadata.outcome` is `unknown`).
   * * DEADLINE_EXCEEDED `REPLY_TIMEOUT`: no answer in time; what happened is unknown.
   */
  request(subject: string, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /**
   * Serves a subject; `*` stands for one part of it, and a last `>` for all that follow. Handlers start in the order of the
   * messages and run concurrently. A DomainError of a handler is sent back unchanged; anything else is logged and becomes
   * INTERNAL. No error ends the process.
   */
  serve(subject: string, handler: ServeHandler, options?: ServeOptions): Serving;
  /**
   * Brings a fact into the stream `MUSTER_EVENTS`; resolves when it is durable there. The subject is
   * `muster.<area>.v1.<resource>.<id>.<past-tense>`. The same `messageId` again within ten minutes changes nothing.
   *
   * A rejection means that the outcome is unknown: publish it again with the same id. The errors are those of `request`.
   */
  publishFact(subject: string, bytes: Uint8Array, messageId: string): Promise<void>;
  /** Whether there is a connection, as far as is known: a silent server is noticed within about six seconds. */
  connected(): boolean;
  /** Calls `fn` after each reconnect. Returns the function that stops this. */
  onReconnect(fn: () => void): () => void;
  /** Handles the messages that came, sends all that is written, and disconnects. Takes at most 10 s. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
