import { connect, NatsError, type ConnectionOptions, type NatsConnection } from 'nats';
import { retry, within } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import { type BusService, inboxPrefix } from '#libs/mesh/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Bus, Serving } from './bus.ts';
import { outgoing } from './envelope.ts';
import { toBusError } from './errors.ts';
import { factPublisher, type FactsOptions } from './facts.ts';
import { watchLink } from './link.ts';
import { sendRequest } from './request.ts';
import { serveSubject } from './serve.ts';
import { type ServerAddress, toServers } from './servers.ts';
import { checkSubject } from './subjects.ts';

export interface BusOptions extends ServerAddress {
  /** Our name in the server's lists of connections. */
  name: string;
  logger: Logger;
  /** Whose user it is: answers arrive where that may listen. Default: where everybody listens who may do all. */
  service?: BusService;
  /** How long to wait for the first connection, in milliseconds. Default 10 s. */
  timeoutMs?: number;
  facts?: FactsOptions;
}

const RECONNECT_MS = 250;
const DIAL_MS = 3_000;
const CLOSE_MS = 2_000;

const SETTINGS: ConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: RECONNECT_MS,
  reconnectJitter: 100,
  reconnectJitterTLS: 100,
  // Two unanswered pings end a silent connection after about six seconds.
  pingInterval: 2_000,
  maxPingOut: 2,
  // Otherwise a change of the password would end the connection of a running process for ever.
  ignoreAuthErrorAbort: true,
  // A stack trace per request costs nearly half of the throughput.
  noAsyncTraces: true,
};

const isAuthError = (thrown: unknown): boolean =>
  thrown instanceof NatsError && thrown.isAuthError();

/** Retries here, because the client's own wait for a first connection cannot be stopped. */
const dial = async (
  settings: ConnectionOptions,
  timeoutMs: number,
  logger: Logger,
): Promise<NatsConnection> => {
  const end = performance.now() + timeoutMs;
  const attempt = (): Promise<NatsConnection> =>
    connect({ ...settings, timeout: Math.min(DIAL_MS, Math.max(1, end - performance.now())) });
  try {
    return await retry(attempt, {
      clock: systemClock,
      pause: { firstMs: RECONNECT_MS, longestMs: RECONNECT_MS },
      forMs: timeoutMs,
      helps: (thrown) => !isAuthError(thrown),
      onRetry: (err) => logger.debug({ err }, 'nats does not answer yet'),
    });
  } catch (cause) {
    if (isAuthError(cause)) {
      throw unavailable('nats', 'nats refuses the user or password; check the address', { cause });
    }
    throw unavailable('nats', 'nats does not answer; check the address, or wait', { cause });
  }
};

/**
 * Connects, and reconnects for ever. Rejects with UNAVAILABLE `nats` if there is no first connection within `timeoutMs`, or at once
 * if the server refuses the password, and with TypeError if the address is malformed.
 */
export const connectBus = async (options: BusOptions): Promise<Bus> => {
  const { name, logger, service, timeoutMs = 10_000, facts = {} } = options;
  const inbox = service === undefined ? {} : { inboxPrefix: inboxPrefix(service) };
  const settings = { ...SETTINGS, ...toServers(options), ...inbox, name };
  const nc = await dial(settings, timeoutMs, logger);
  const link = watchLink(nc, logger);
  const servings = new Set<Serving>();

  const shutDown = async (): Promise<void> => {
    await Promise.all([...servings].map((serving) => serving.close()));
    // Without a connection there is nothing to flush, and the client would wait for one.
    if (link.connected()) {
      await within(systemClock, CLOSE_MS, Promise.allSettled([nc.flush()]));
    }
    await nc.close();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= shutDown());

  return {
    publish: (subject, bytes, { requestId } = {}) => {
      checkSubject(subject);
      if (!link.connected()) {
        return;
      }
      try {
        nc.publish(subject, bytes, { headers: outgoing(requestId) });
      } catch (thrown) {
        throw toBusError(thrown, subject, bytes.length);
      }
    },
    request: (subject, bytes, requestOptions) => sendRequest(link, subject, bytes, requestOptions),
    serve: (subject, handler, serveOptions) => {
      const serving = serveSubject(link, logger, subject, handler, serveOptions);
      servings.add(serving);
      return {
        ready: () => serving.ready(),
        close: () => serving.close().finally(() => servings.delete(serving)),
      };
    },
    publishFact: factPublisher(link, facts),
    connected: () => link.connected(),
    onReconnect: (fn) => link.onReconnect(fn),
    close,
    [Symbol.asyncDispose]: close,
  };
};
