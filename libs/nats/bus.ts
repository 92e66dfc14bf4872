/** What goes along with a message. The present trace always does. */
export interface SendOptions {
  /** Names the request in the logs of every process that it touches. One is made when there is none. */
  requestId?: string;
}

export interface RequestOptions extends SendOptions {
  /** The answer must be here within this many milliseconds. */
  timeoutMs: number;
  /** Ends the waiting, not the work: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a handler knows about the message besides its bytes. */
export interface BusMessage {
  /** The subject that it was sent to, never the pattern. */
  subject: string;
  requestId: string;
  /** Nobody waits for an answer when false: the message was published. */
  isRequest: boolean;
}

/** Answers a message. Undefined answers a request with no bytes. */
export type ServeHandler = (bytes: Uint8Array, message: BusMessage) => Promise<Uint8Array | undefined>;

export interface ServeOptions {
  /** Of all that serve the subject under this name, one gets each message. Without it everybody gets every message. */
  queue?: string;
}

/** A subject being served. */
export interface Serving {
  /**
   * Resolves when the server knows of it, so that requests find it. Rejects with UNAVAILABLE `nats` when the connection
   * is away; what is served is told to the server again at each reconnect in any case.
   */
  ready(): Promise<void>;
  /** Takes no new messages, and resolves when those that came have been handled, after 10 s at the latest. */
  close(): Promise<void>;
}

/** A connection to NATS that comes back by itself for ever. */
export interface Bus {
  /**
   * Sends at most once: lost, without a word, when the connection is away or nobody listens.
   *
   * Errors: INVALID_ARGUMENT `INVALID_SUBJECT`, `MESSAGE_TOO_LARGE`.
   */
  publish(subject: string, bytes: Uint8Array, options?: SendOptions): void;
  /**
   * Asks whoever serves the subject. A DomainError that its handler throws comes back as it was.
   *
   * Errors, besides those of `publish`:
   * * UNAVAILABLE `NO_RESPONDER`: nobody serves the subject; nothing happened.
   * * UNAVAILABLE `DEPENDENCY_UNAVAILABLE`, dependency `nats`: the connection is away (nothing happened), or broke or
   *   was silent while the answer was awaited (`metadata.outcome` is `unknown`).
   * * DEADLINE_EXCEEDED `REPLY_TIMEOUT`: no answer in time; what happened is unknown.
   */
  request(subject: string, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /**
   * Serves a subject, `*` standing for one part of it and a last `>` for all that follow. Handlers start in the order in
   * which messages come, and run side by side. What they throw travels back: DomainErrors as they are, anything else is
   * logged and becomes INTERNAL. It never ends the process.
   */
  serve(subject: string, handler: ServeHandler, options?: ServeOptions): Serving;
  /**
   * Brings a fact into the stream `MUSTER_EVENTS`; resolves when it is durable there. The subject is
   * `muster.<area>.v1.<resource>.<id>.<past-tense>`. The same `messageId` again within ten minutes changes nothing.
   *
   * A rejection means that the outcome is unknown: say it again with the same id. Errors as those of `request`.
   */
  publishFact(subject: string, bytes: Uint8Array, messageId: string): Promise<void>;
  /** Whether there is a connection as far as is known; silence is noticed within about six seconds. */
  connected(): boolean;
  /** Calls `fn` after each time that the connection has come back. Returns how to stop that. */
  onReconnect(fn: () => void): () => void;
  /** Handles what came, sends what is written, and disconnects; takes 10 s at the most. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
