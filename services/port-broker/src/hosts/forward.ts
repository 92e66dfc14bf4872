import type { TlsFiles } from '#libs/config/index.ts';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { createClient, type CallContext, type CallOptions, type Client } from '#libs/grpc/index.ts';
import type { Peer } from './hosts.ts';

/** The broker that passed a call on. A call with this header is not passed on again. */
const HOP = 'x-muster-forwarded-by';
/** The caller's address and program. */
const CLIENT = 'x-muster-client-address';
const AGENT = 'x-muster-client-agent';
/** Workers answer up to 64 MiB. */
const MAX_BYTES = 80 * 1024 ** 2;
/** The part of the caller's time that is left for the way back. */
const MARGIN_MS = 100;

export const isForwarded = (call: CallContext): boolean => call.header(HOP) !== undefined;

/** The address and program of the original caller, even if another broker passed the call on. */
export const clientOf = (call: CallContext): { address: string; agent: string } => ({
  address: call.header(CLIENT) ?? call.peer,
  agent: call.header(AGENT) ?? call.userAgent,
});

const same = (bytes: Buffer): Buffer => bytes;

/** An rpc whose messages stay bytes. On the wire, a single answer is a stream of one message. */
const bytesMethod = (path: string) => ({
  path,
  requestStream: false as const,
  responseStream: true as const,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** Calls other brokers with the caller's token. `own`: the name of this host. */
export const createForward = (
  own: string,
  { tls, insecure }: { tls: TlsFiles | undefined; insecure: boolean },
) => {
  const clients = new Map<string, Client<{ method: ReturnType<typeof bytesMethod> }>>();
  const connected = ({ host, endpoint }: Peer, path: string) => {
    if (endpoint === '') {
      throw unavailable('port-broker', `the broker of ${host} does not say where it is`);
    }
    const key = `${endpoint} ${path}`;
    const channelOptions = { 'grpc.max_receive_message_length': MAX_BYTES };
    const client =
      clients.get(key) ??
      createClient(
        { method: bytesMethod(path) },
        { target: endpoint, tls, insecure, channelOptions },
      );
    clients.set(key, client);
    return client;
  };
  const optionsOf = (call: CallContext): CallOptions => {
    const { token, signal, requestId, deadlineMs = Infinity } = call;
    const headers = {
      [HOP]: encodeURIComponent(own),
      [CLIENT]: call.peer,
      [AGENT]: call.userAgent,
    };
    return { token, signal, requestId, headers, deadlineMs: Math.max(0, deadlineMs - MARGIN_MS) };
  };
  return {
    /**
     * Sends a peer a request and returns its answer, both as bytes. Throws the peer's error, or UNAVAILABLE if the
     * peer is not reached.
     */
    ask: (peer: Peer, path: string, request: Buffer, call: CallContext): AsyncIterable<Buffer> =>
      connected(peer, path).method(request, optionsOf(call)),
    close: (): void => {
      for (const client of clients.values()) {
        client.close();
      }
    },
  };
};

export type Forward = ReturnType<typeof createForward>;

/** NOT_FOUND `HOST_UNKNOWN`. */
export const hostUnknown = (host: string, known: readonly string[]): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'HOST_UNKNOWN',
    `no broker of a host ${host} announced itself; there are ${known.join(', ')}`,
    { host },
  );
