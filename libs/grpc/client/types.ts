import type { ChannelOptions } from '@grpc/grpc-js';
import type { TlsFiles } from '#libs/config/index.ts';
import type { MethodDefinition, RequestOf, ResponseOf, ServiceDefinition } from '../definition.ts';

export interface ClientOptions {
  /** A gRPC target: `ipv4:a:p,b:p`, `dns:///host:port`, `host:port`. Calls are spread over all its addresses. */
  target: string;
  /** Undefined: plain text. */
  tls?: TlsFiles | undefined;
  /** Sent with each call; a function is asked anew every time. */
  token?: string | (() => string) | undefined;
  /** How long a call with one answer may take that says nothing itself. Default 10 s. Streams have no deadline. */
  deadlineMs?: number;
  /** Over the ones that every client has. */
  channelOptions?: ChannelOptions;
}

export interface CallOptions {
  /** The longest that the call may take, 20 days at most, or Infinity; for streams too. */
  deadlineMs?: number | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
  /** Names the request in the logs of the other side, `[\w.:-]{1,64}`. */
  requestId?: string | undefined;
  /** In the place of the client's token. */
  token?: string | undefined;
  /** More headers. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Both directions of a stream. */
export interface BidiCall<Q, R> {
  /** Resolves when there is room for the next message; rejects with the call's error once it is over. */
  send: (request: Q) => Promise<void>;
  /** Says that nothing more will be sent. */
  end: () => void;
  /** Gives the call up. */
  cancel: () => void;
  /** To be iterated once. Ends when the server says OK, throws otherwise. Leaving the loop cancels the call. */
  responses: AsyncIterable<R>;
}

/** How an rpc is called. Every error is a DomainError. */
export type CallOf<M extends MethodDefinition> = M extends { requestStream: true }
  ? M extends { responseStream: true }
    ? (options?: CallOptions) => BidiCall<RequestOf<M>, ResponseOf<M>>
    : (requests: AsyncIterable<RequestOf<M>> | Iterable<RequestOf<M>>, options?: CallOptions) => Promise<ResponseOf<M>>
  : M extends { responseStream: true }
    ? (request: RequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>;

/** A method for every rpc of a service. */
export type Methods<S extends ServiceDefinition> = { readonly [K in keyof S]: CallOf<S[K]> };

/** A client of one service, on a channel of its own that it opens at the first call and again whenever it breaks. */
export type Client<S extends ServiceDefinition> = Methods<S> & {
  /** Cancels what is going on and lets the channel go. */
  close: () => void;
  /** Resolves when connected; rejects with UNAVAILABLE when that takes longer than `deadlineMs`. */
  ready: (deadlineMs: number) => Promise<void>;
} & Disposable;
