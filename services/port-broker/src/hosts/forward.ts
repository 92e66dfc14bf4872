import type { TlsFiles } from '#libs/config/index.ts';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { createClient, type CallContext, type CallOptions, type MethodDefinition } from '#libs/grpc/index.ts';
import type { Peer } from './hosts.ts';

/** Says that a broker asks for a caller, who asked it: whoever gets it asks nobody else. */
const HOP = 'x-muster-forwarded-by';
/** From where and with what the caller came. */
const CLIENT = 'x-muster-client-address';
const AGENT = 'x-muster-client-agent';
/** Workers answer up to 64 MiB. */
const LARGEST_BYTES = 80 * 1024 ** 2;
/** What is left of the caller's time for the way. */
const MARGIN_MS = 100;

export const isForwarded = (call: CallContext): boolean => call.header(HOP) !== undefined;

/** From where and with what a caller came, also one whose call was passed on. */
export const clientOf = (call: CallContext): { address: string; agent: string } => ({
  address: call.header(CLIENT) ?? call.peer,
  agent: call.header(AGENT) ?? call.userAgent,
});

/** An rpc with one request and one answer, as ts-proto generates it. */
export type UnaryMethod<Q, R> = MethodDefinition<Q, R>;

/** Asks other brokers in callers' names. */
export interface Forward {
  /** Rejects with what the peer says, and with UNAVAILABLE where it is nowhere. */
  ask<Q, R>(peer: Peer, method: UnaryMethod<Q, R>, request: Q, call: CallContext): Promise<R>;
  /** The same for a stream of answers. */
  stream<Q, R>(peer: Peer, method: UnaryMethod<Q, R>, request: Q, call: CallContext): AsyncIterable<R>;
  close(): void;
}

/** `own`: the name of this host. */
export const createForward = (own: string, tls: TlsFiles | undefined): Forward => {
  const clients = new Map<string, { method: unknown; close: () => void }>();
  const callOf = <Q, R>({ host, endpoint }: Peer, method: UnaryMethod<Q, R>): unknown => {
    if (endpoint === '') throw unavailable('port-broker', `the broker of ${host} does not say where it is`);
    const key = `${endpoint} ${method.path}`;
    const channelOptions = { 'grpc.max_receive_message_length': LARGEST_BYTES };
    const client =
      clients.get(key) ??
      createClient<{ method: UnaryMethod<Q, R> }>({ method }, { target: endpoint, tls, channelOptions });
    clients.set(key, client);
    return client.method;
  };
  const optionsOf = ({ token, signal, requestId, deadlineMs, peer, userAgent }: CallContext): CallOptions => {
    const headers = { [HOP]: encodeURIComponent(own), [CLIENT]: peer, [AGENT]: userAgent };
    const left = deadlineMs === undefined ? Infinity : Math.max(0, deadlineMs - MARGIN_MS);
    return { token, signal, requestId, headers, deadlineMs: left };
  };
  // The types of a client are those of its methods, which come as arguments here.
  return {
    ask: <Q, R>(peer: Peer, method: UnaryMethod<Q, R>, request: Q, call: CallContext) =>
      (callOf(peer, method) as Unary<Q, R>)(request, optionsOf(call)),
    stream: <Q, R>(peer: Peer, method: UnaryMethod<Q, R>, request: Q, call: CallContext) =>
      (callOf(peer, method) as Stream<Q, R>)(request, optionsOf(call)),
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
};

type Unary<Q, R> = (request: Q, options: CallOptions) => Promise<R>;
type Stream<Q, R> = (request: Q, options: CallOptions) => AsyncIterable<R>;

/** NOT_FOUND `HOST_UNKNOWN`. */
export const hostUnknown = (host: string, known: readonly string[]): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'HOST_UNKNOWN',
    `no broker of a host ${host} announced itself; there are ${known.join(', ')}`,
    { host },
  );
