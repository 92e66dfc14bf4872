import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '../call-context.ts';
import {
  type Handlers,
  type MethodDefinition,
  type ServiceDefinition,
  serviceOf,
} from '../definition.ts';

/** The bytes of a call, in and out. */
export interface Exchange {
  messages: AsyncIterable<Buffer>;
  /** Resolves when the reader has room for more. */
  send: (message: Buffer) => Promise<void>;
}

/** Looks at each request before its handler; throws to refuse it. */
export type Check = (request: unknown) => void;

/** An rpc with its handler, in bytes. */
export interface BoundMethod {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  /** Answers one call; throws what the handler throws, and what `check` throws at a request. */
  answer(exchange: Exchange, call: CallContext, check: Check): Promise<void>;
}

/** A service with its handlers, to give to {@link startServer}. */
export interface ServiceBinding {
  /** `muster.blob.v1.BlobService` */
  name: string;
  methods: readonly BoundMethod[];
}

/** Binds a handler to every rpc of a service. */
export const implement = <S extends ServiceDefinition>(
  definition: S,
  handlers: Handlers<S>,
): ServiceBinding => {
  const methods = Object.entries(definition).map(([name, method]) =>
    bind(method, handlers[name] as AnyHandler),
  );
  return { name: serviceOf(methods[0]?.path ?? '/'), methods };
};

/** The types of `implement` saw to the shapes of the handler and of what it answers. */
type AnyHandler = (input: unknown, call: CallContext) => unknown;

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

const bind = (method: MethodDefinition, handler: AnyHandler): BoundMethod => {
  const { path, requestStream, responseStream } = method;
  const encode = (response: unknown): Buffer => method.responseSerialize(response as never);
  const answer: BoundMethod['answer'] = async ({ messages, send }, call, check) => {
    const requests = decodeAll(method, messages, check);
    const input = requestStream ? requests : await firstOf(requests);
    const output = handler(input, call);
    if (!responseStream) {
      await send(encode(await output));
    } else if (isAsyncIterable(output)) {
      for await (const response of output) {
        await send(encode(response));
      }
    } else {
      throw new TypeError(`the handler of ${path} answered with something that cannot be iterated`);
    }
  };
  return { path, requestStream, responseStream, answer };
};

const decode = ({ requestDeserialize }: MethodDefinition, bytes: Buffer): unknown => {
  try {
    return requestDeserialize(bytes);
  } catch (cause) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'MALFORMED_MESSAGE',
      'the request is not a message of the expected type',
      {},
      { cause },
    );
  }
};

async function* decodeAll(
  method: MethodDefinition,
  messages: AsyncIterable<Buffer>,
  check: Check,
): AsyncGenerator {
  for await (const bytes of messages) {
    const request = decode(method, bytes);
    check(request);
    yield request;
  }
}

/** The request of a call that has one. Whatever the caller sends after it is ignored. */
const firstOf = async (requests: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const request of requests) {
    return request;
  }
  throw new DomainError(
    status.INVALID_ARGUMENT,
    'MISSING_MESSAGE',
    'the call ended without a request',
  );
};
