import type { Bidi, ClientStream, ServerStream, Unary } from './call-context.ts';

/** One rpc, as ts-proto generates it for grpc-js. */
export interface MethodDefinition<Q = never, R = never> {
  /** `/muster.blob.v1.BlobService/Upload` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (request: Q) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (response: R) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** A service, as ts-proto generates it: the constant `BlobServiceService`. */
export type ServiceDefinition = Readonly<Record<string, MethodDefinition>>;

export type RequestOf<M extends MethodDefinition> = ReturnType<M['requestDeserialize']>;
export type ResponseOf<M extends MethodDefinition> = ReturnType<M['responseDeserialize']>;

/** The handler that an rpc asks for. */
type HandlerOf<M extends MethodDefinition> = M extends { requestStream: true }
  ? M extends { responseStream: true }
    ? Bidi<RequestOf<M>, ResponseOf<M>>
    : ClientStream<RequestOf<M>, ResponseOf<M>>
  : M extends { responseStream: true }
    ? ServerStream<RequestOf<M>, ResponseOf<M>>
    : Unary<RequestOf<M>, ResponseOf<M>>;

export type Handlers<S extends ServiceDefinition> = { readonly [K in keyof S]: HandlerOf<S[K]> };

/** `/muster.blob.v1.BlobService/Upload` → `muster.blob.v1.BlobService` */
export const serviceOf = (path: string): string => path.slice(1, path.lastIndexOf('/'));
