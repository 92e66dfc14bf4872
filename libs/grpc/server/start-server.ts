import { Server } from '@grpc/grpc-js';
import type { AccessTable, Caller } from '#libs/auth/index.ts';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import type { TlsFiles } from '#libs/config/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { access } from './access.ts';
import { callerBounds } from './caller-bounds.ts';
import type { ServiceBinding } from './binding.ts';
import { splitAddress } from '../loopback.ts';
import { serverCredentials, targetOf } from './credentials.ts';
import { deadlines } from './deadlines.ts';
import { errors, cancellation, requestId, trace, logging } from './wrappers.ts';
import { createHealth, type Health } from './health.ts';
import { wrap } from './incoming-call.ts';
import { createOpenCalls } from './open-calls.ts';
import { type RawCall, receive } from './receive.ts';
import { createReflection } from './reflection.ts';
import { textBounds } from './text-bounds.ts';

export interface ServerOptions {
  /** `host:port` or `[v6]:port`; port 0 takes a free one. */
  listen: string;
  /** Needed, unless `insecure`, for any address that is not loopback. */
  tls?: TlsFiles | undefined;
  /** Plain text where others can reach it: MUSTER_INSECURE=1. Default false. */
  insecure?: boolean;
  services: readonly ServiceBinding[];
  /** Identifies the owner of a token, or throws UNAUTHENTICATED. */
  verify: (token: string) => Promise<Caller>;
  /** Rejects with UNAUTHENTICATED or PERMISSION_DENIED if a caller may call no longer: ends open streams. Default: the token decides. */
  stands?: ((caller: Caller) => Promise<void>) | undefined;
  access: AccessTable;
  /** The bytes of the FileDescriptorSet for reflection. */
  image: Uint8Array;
  logger: Logger;
  clock?: Clock;
  /** How many calls one connection may have open; more wait at the client. Default 1,000. */
  maxStreamsPerConnection?: number;
  /** The longest accepted message. Default 4 MiB. */
  maxReceiveBytes?: number;
  /** The deadline of a unary call whose caller set none. Default 30 s. */
  unaryDeadlineMs?: number;
}

export interface RunningServer extends AsyncDisposable {
  /** As a gRPC target, `ipv4:127.0.0.1:7401`. */
  address: string;
  port: number;
  health: Health;
  /** Says NOT_SERVING, takes no calls, ends streams after `graceMs` (2 s at most) and all others after `graceMs`. May be repeated. */
  drain(graceMs: number): Promise<void>;
}

const DISPOSE_GRACE_MS = 5_000;

/**
 * Serves the services, with health (public) and reflection (any valid token) beside them. Around every rpc, from the outside:
 * trace, request id, log line, errors, cancellation, deadline, access, bounds. Throws ConfigError for plain text to the network.
 */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { listen, services, logger, clock = systemClock } = options;
  const credentials = await serverCredentials(listen, {
    tls: options.tls,
    insecure: options.insecure ?? false,
    clock,
    logger,
  });
  const health = createHealth(services.map(({ name }) => name));
  const calls = createOpenCalls(clock);
  const boundsOf = textBounds(options.image);
  const handle = wrap(
    [
      trace,
      requestId,
      logging(clock, logger),
      errors,
      cancellation,
      deadlines(clock, options.unaryDeadlineMs ?? 30_000),
      access(options.access, { verify: options.verify, stands: options.stands, clock }),
      callerBounds(),
    ],
    (call) => call.method.answer(call.exchange, call, boundsOf(call.method.path)),
  );
  const receiver = { handle, clock, log: logger, draining: calls.draining, opened: calls.opened };

  const names = [...services.map(({ name }) => name), ...FOREIGN].sort();
  const bindings = [...services, health.binding, ...createReflection(options.image, names)];
  const methods = bindings.flatMap((binding) => binding.methods);
  const server = new Server({
    'grpc.max_concurrent_streams': options.maxStreamsPerConnection ?? 1_000,
    'grpc.max_receive_message_length': options.maxReceiveBytes ?? 4 * 1024 ** 2,
    // Notices a frozen peer or a lost network within 8 s.
    'grpc.keepalive_time_ms': 5_000,
    'grpc.keepalive_timeout_ms': 3_000,
  });
  for (const method of methods) {
    // Every rpc is a stream of bytes in both directions: the wrappers see one form, and decoding errors are ours.
    const answer = (raw: RawCall): void => void receive(raw, method, receiver);
    server.register(method.path, answer, asTheyAre, asTheyAre, 'bidi');
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });

  const shutDown = async (graceMs: number): Promise<void> => {
    health.shutDown();
    const closed = new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
    });
    await calls.drain(graceMs);
    // Connections without open calls close by themselves; the others belong to peers that do not answer.
    const timer = clock.setTimer(CLOSE_MS, () => server.forceShutdown());
    await closed;
    timer.cancel();
  };
  let drained: Promise<void> | undefined;
  const drain = (graceMs: number): Promise<void> => (drained ??= shutDown(graceMs));
  return {
    address: targetOf(splitAddress(listen).host, port),
    port,
    health,
    drain,
    [Symbol.asyncDispose]: () => drain(DISPOSE_GRACE_MS),
  };
};

const CLOSE_MS = 500;

const FOREIGN = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

const asTheyAre = (bytes: Buffer): Buffer => bytes;
