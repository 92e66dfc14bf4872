import { DomainError, status } from '#libs/errors/index.ts';
import type { MethodDefinition } from '../definition.ts';
import type { OutgoingCall } from './outgoing-call.ts';
import type { BidiCall, CallOptions } from './types.ts';

type Open = (options: CallOptions | undefined) => OutgoingCall;
type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** Calls an rpc by its kind. Callers see it through the types of `CallOf`. */
export const callOf = (method: MethodDefinition, open: Open): unknown => {
  if (method.requestStream) {
    return method.responseStream
      ? (options?: CallOptions) => bidi(method, open(options))
      : (requests: Requests, options?: CallOptions) =>
          clientStream(method, requests, open(options));
  }
  return method.responseStream
    ? (request: unknown, options?: CallOptions) =>
        serverStream(method, request, () => open(options))
    : (request: unknown, options?: CallOptions) => unary(method, request, open(options));
};

/** The types of `CallOf` guarantee the shape. */
const encode = (method: MethodDefinition, request: unknown): Buffer =>
  method.requestSerialize(request as never);

const malformed = (cause?: unknown): DomainError =>
  new DomainError(
    status.INTERNAL,
    'MALFORMED_MESSAGE',
    'the answer is not a message of the expected type',
    {},
    { cause },
  );

async function* decodeAll(
  method: MethodDefinition,
  responses: AsyncIterable<Buffer>,
): AsyncGenerator {
  for await (const bytes of responses) {
    try {
      yield method.responseDeserialize(bytes);
    } catch (cause) {
      throw malformed(cause);
    }
  }
}

/** Reads the one answer, and on to the end, because the status comes last. */
const only = async (method: MethodDefinition, call: OutgoingCall): Promise<unknown> => {
  const answers: unknown[] = [];
  for await (const answer of decodeAll(method, call.responses)) {
    answers.push(answer);
  }
  if (answers.length !== 1) {
    throw malformed();
  }
  return answers[0];
};

const send = async (
  method: MethodDefinition,
  requests: Requests,
  call: OutgoingCall,
): Promise<void> => {
  try {
    for await (const request of requests) {
      await call.send(encode(method, request));
    }
    call.end();
  } catch (thrown) {
    // An early answer or refusal is seen by whoever reads the responses.
    if (!call.over.aborted) {
      call.cancel();
      throw thrown;
    }
  }
};

const unary = async (
  method: MethodDefinition,
  request: unknown,
  call: OutgoingCall,
): Promise<unknown> => {
  await send(method, [request], call);
  return only(method, call);
};

/** The first iteration begins the call. */
async function* serverStream(
  method: MethodDefinition,
  request: unknown,
  open: () => OutgoingCall,
): AsyncGenerator {
  const call = open();
  await send(method, [request], call);
  yield* decodeAll(method, call.responses);
}

const clientStream = (
  method: MethodDefinition,
  requests: Requests,
  call: OutgoingCall,
): Promise<unknown> => {
  const answer = only(method, call);
  // The server may answer or refuse before it has all requests. A failing source ends the call.
  return Promise.race([answer, send(method, requests, call).then(() => answer)]);
};

const bidi = (method: MethodDefinition, call: OutgoingCall): BidiCall<unknown, unknown> => ({
  send: (request) => call.send(encode(method, request)),
  end: call.end,
  cancel: call.cancel,
  responses: decodeAll(method, call.responses),
});
