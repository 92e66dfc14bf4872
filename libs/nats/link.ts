import { Events, type NatsConnection, type Status } from 'nats';
import type { Logger } from '#libs/telemetry/index.ts';
import { connectionLost, disconnected } from './errors.ts';

/** The connection, for code that waits for an answer over it. */
export interface Link {
  readonly nc: NatsConnection;
  connected(): boolean;
  /** The result of `work`, or UNAVAILABLE `nats` as soon as the connection breaks; the client would wait for its own timeout. */
  whileConnected<T>(work: () => Promise<T>): Promise<T>;
  onReconnect(fn: () => void): () => void;
}

/** Follows the client's reports about the connection until it is closed. */
export const watchLink = (nc: NatsConnection, logger: Logger): Link => {
  let isConnected = true;
  const waiting = new Set<(reason: unknown) => void>();
  const listeners = new Set<() => void>();

  const lost = (): void => {
    isConnected = false;
    const rejects = [...waiting];
    waiting.clear();
    for (const reject of rejects) {
      reject(connectionLost());
    }
  };

  const back = (): void => {
    isConnected = true;
    for (const listener of listeners) {
      try {
        listener();
      } catch (thrown) {
        logger.error({ err: thrown }, 'what was to happen after a reconnect to nats failed');
      }
    }
  };

  // The client reports Disconnect also for failed attempts to reconnect, so only changes count.
  const follow = ({ type, data, permissionContext }: Status): void => {
    if (type === Events.Disconnect && isConnected) {
      logger.warn({ server: data }, 'the connection to nats broke; reconnecting');
      lost();
    } else if (type === Events.Reconnect && !isConnected) {
      logger.info({ server: data }, 'connected to nats again');
      back();
    } else if (type === Events.Error) {
      logger.warn({ code: data, ...permissionContext }, 'nats reports an error');
    }
  };

  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      follow(status);
    }
  };
  watch()
    .catch((thrown: unknown) =>
      logger.error({ err: thrown }, 'the state of the connection to nats is lost'),
    )
    .finally(lost);

  return {
    nc,
    connected: () => isConnected && !nc.isClosed(),
    whileConnected: async (work) => {
      if (!isConnected || nc.isClosed()) {
        throw disconnected();
      }
      const { promise: broken, reject } = Promise.withResolvers<never>();
      waiting.add(reject);
      try {
        return await Promise.race([work(), broken]);
      } finally {
        waiting.delete(reject);
      }
    },
    onReconnect: (fn) => {
      const listener = (): void => fn();
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
