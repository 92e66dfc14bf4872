import type { ChannelOptions } from '@grpc/grpc-js';
import type { TlsFiles } from '#libs/config/index.ts';
import type { DomainError } from '#libs/errors/index.ts';
import type { MethodDefinition, RequestOf, ResponseOf, ServiceDefinition } from '../definition.ts';

export interface ClientOptions {
  /** A gRPC target: `ipv4:a:p,b:p`, `dns:///host:port`, `host:port`. Calls are spread over all its addresses. */
  target: string;
  /** Undefined: plain text, which is refused where it would leave this machine. */
  tls?: TlsFiles | undefined;
  /** Allows plain text to other machines: MUSTER_INSECURE=1. Default false. */
  insecure?: boolean | undefined;
  /** The token of each call; a function is called for each. */
  token?: string | (() => string) | undefined;
  /** The default deadline of a call with one answer; itself 10 s by default. Streams have no deadline. */
  deadlineMs?: number;
  /** Replaces the error of a call, for example to say it in other words. */
  explain?: ((error: DomainError) => DomainError) | undefined;
  /** Replace the options that every client has. */
  channelOptions?: ChannelOptions;
}

export interface CallOptions {
  /** The deadline, at most 20 days, or Infinity; for streams too. */
  deadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Names the request in the logs of the other side, `[\w.:-]{1,64}`. */
  requestId?: string | undefined;
  /** Replaces the client's token. */
  token?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

export interface BidiCall<Q, R> {
  /** Resolves when there is room for the next message; rejects with the call's error once it is over. */
  send: (request: Q) => Promise<void>;
  end: () => void;
  cancel: () => void;
  /** Iterate it once. It ends if the status is OK and throws otherwise. Leaving the loop cancels the call. */
  responses: AsyncIterable<R>;
}

/** How an rpc is called. Every error is a DomainError. */
export type CallOf<M extends MethodDefinition> = M extends { requestStream: true }
  ? M extends { responseStream: true }
    ? (options?: CallOptions) => BidiCall<RequestOf<M>, ResponseOf<M>>
    : (
        requests: AsyncIterable<RequestOf<M>> | Iterable<RequestOf<M>>,
        options?: CallOptions,
      ) => Promise<ResponseOf<M>>
  : M extends { responseStream: true }
    ? (request: RequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>;

type Methods<S extends ServiceDefinition> = { readonly [K in keyof S]: CallOf<S[K]> };

/** A client of one service. Its own channel opens with the first call, and again whenever it breaks. */
export type Client<S extends ServiceDefinition> = Methods<S> & {
  close: () => void;
  /** Resolves when connected; rejects with UNAVAILABLE when that takes longer than `deadlineMs`. */
  ready: (deadlineMs: number) => Promise<void>;
} & Disposable;
