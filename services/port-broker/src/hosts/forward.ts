import type { TlsFiles } from '#libs/config/index.ts';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { createClient, type CallContext, type CallOptions, type Client } from '#libs/grpc/index.ts';
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

/** Asks other brokers in callers' names. */
export interface Forward {
  /** What a peer answers to a request, both as bytes. Throws what the peer says, and UNAVAILABLE where it is nowhere. */
  ask(peer: Peer, path: string, request: Buffer, call: CallContext): AsyncIterable<Buffer>;
  close(): void;
}

const same = (bytes: Buffer): Buffer => bytes;

/** An rpc whose messages stay bytes. On the wire one answer is a stream of one. */
const bytesMethod = (path: string) => ({
  path,
  requestStream: false as const,
  responseStream: true as const,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** `own`: the name of this host. */
export const createForward = (own: string, tls: TlsFiles | undefined): Forward => {
  const clients = new Map<string, Client<{ method: ReturnType<typeof bytesMethod> }>>();
  const connected = ({ host, endpoint }: Peer, path: string) => {
    if (endpoint === '') throw unavailable('port-broker', `the broker of ${host} does not say where it is`);
    const key = `${endpoint} ${path}`;
    const channelOptions = { 'grpc.max_receive_message_length': LARGEST_BYTES };
    const client =
      clients.get(key) ?? createClient({ method: bytesMethod(path) }, { target: endpoint, tls, channelOptions });
    clients.set(key, client);
    return client;
  };
  const optionsOf = ({ token, signal, requestId, deadlineMs, peer, userAgent }: CallContext): CallOptions => {
    const headers = { [HOP]: encodeURIComponent(own), [CLIENT]: peer, [AGENT]: userAgent };
    const left = deadlineMs === undefined ? Infinity : Math.max(0, deadlineMs - MARGIN_MS);
    return { token, signal, requestId, headers, deadlineMs: left };
  };
  return {
    ask: (peer, path, request, call) => connected(peer, path).method(request, optionsOf(call)),
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
};

/** NOT_FOUND `HOST_UNKNOWN`. */
export const hostUnknown = (host: string, known: readonly string[]): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'HOST_UNKNOWN',
    `no broker of a host ${host} announced itself; there are ${known.join(', ')}`,
    { host },
  );
