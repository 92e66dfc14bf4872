/** Options of a message. The current trace is always sent with it. */
interface SendOptions {
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
  /** Resolves when requests find the subscription; rejects with UNAVAILABLE `nats` without a connection or the right. */
  ready(): Promise<void>;
  /** Takes no new messages. Resolves when the messages that came are handled, after 10 s at the latest. */
  close(): Promise<void>;
}

/** A connection to NATS that always reconnects by itself. */
export interface Bus {
  /** Sends at most once; lost without connection or listener. Throws INVALID_ARGUMENT `INVALID_SUBJECT`, `MESSAGE_TOO_LARGE`. */
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
   * Serves a subject; `*` stands for one part of it, a last `>` for all that follow. Handlers start in order and run concurrently.
   * A DomainError of one is sent back unchanged; anything else is logged and becomes INTERNAL. No error ends the process.
   */
  serve(subject: string, handler: ServeHandler, options?: ServeOptions): Serving;
  /**
   * Makes a fact (`muster.<area>.v1.<resource>.<id>.<past-tense>`) durable in `MUSTER_EVENTS`. The same `messageId` again within ten
   * minutes changes nothing, so repeat a rejected one, whose outcome is unknown. The errors are those of `request`.
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
