import { type Client as Channel, Metadata } from '@grpc/grpc-js';
import { DomainError, status } from '#libs/errors/index.ts';
// Not its index, which loads the logger: a command line that asks once writes no log.
import { injectTrace } from '#libs/telemetry/trace.ts';
import type { ServiceDefinition } from '../definition.ts';
import { openChannel } from './channel.ts';
import { callOf } from './kinds.ts';
import { openCall, type OutgoingCall } from './outgoing-call.ts';
import type { CallOptions, Client, ClientOptions } from './types.ts';

const DEADLINE_MS = 10_000;

/** A client of a service. Its methods are typed, have deadlines and back-pressure, and send token and trace. */
export const createClient = <S extends ServiceDefinition>(
  definition: S,
  options: ClientOptions,
): Client<S> => {
  const { target, tls, insecure, token, deadlineMs: defaultMs = DEADLINE_MS } = options;
  const channel = openChannel(target, { tls, insecure, options: options.channelOptions });
  const closing = new AbortController();
  const methods = Object.entries(definition).map(([name, method]) => {
    const isUnary = !method.requestStream && !method.responseStream;
    const open = ({ deadlineMs, signal, ...more }: CallOptions = {}): OutgoingCall =>
      openCall(channel, method.path, metadataOf(more, token), {
        deadlineMs: deadlineMs ?? (isUnary ? defaultMs : Number.POSITIVE_INFINITY),
        signals: signal === undefined ? [closing.signal] : [signal, closing.signal],
        explain: options.explain,
      });
    return [name, callOf(method, open)] as const;
  });
  const close = (): void => {
    closing.abort();
    channel.close();
  };
  const ready = (withinMs: number): Promise<void> => whenReady(channel, target, withinMs);
  const client = { ...Object.fromEntries(methods), close, ready, [Symbol.dispose]: close };
  // Object.fromEntries forgets which method was under which name; each was made from its own definition above.
  return client as unknown as Client<S>;
};

const metadataOf = (
  { token: own, requestId, headers = {} }: Pick<CallOptions, 'token' | 'requestId' | 'headers'>,
  token: ClientOptions['token'],
): Metadata => {
  const metadata = new Metadata();
  const bearer = own ?? (typeof token === 'function' ? token() : token);
  for (const [name, value] of Object.entries(headers)) {
    metadata.set(name, value);
  }
  if (bearer !== undefined) {
    metadata.set('authorization', `Bearer ${bearer}`);
  }
  if (requestId !== undefined) {
    metadata.set('x-request-id', requestId);
  }
  injectTrace(metadata);
  return metadata;
};

const whenReady = (channel: Channel, target: string, withinMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    channel.waitForReady(Date.now() + withinMs, (error) => {
      if (error === undefined) {
        resolve();
      } else {
        reject(
          new DomainError(
            status.UNAVAILABLE,
            'UNAVAILABLE',
            `${target} cannot be reached`,
            {},
            { cause: error },
          ),
        );
      }
    });
  });
