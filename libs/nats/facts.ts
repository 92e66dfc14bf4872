import {
  ErrorCode,
  DiscardPolicy,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from 'nats';
import { EVENTS_STREAM, FACT_SUBJECTS } from '#libs/mesh/index.ts';
import { outgoing } from './envelope.ts';
import { hasCode, toBusError } from './errors.ts';
import type { Bus } from './bus.ts';
import type { Link } from './link.ts';
import { checkFactSubject } from './subjects.ts';

/** How a missing stream is made. An existing one is not changed, because its operator may have changed it. */
export interface FactsOptions {
  /** Facts older than this many milliseconds are removed. Default 7 days; at least 10 minutes. */
  maxAgeMs?: number;
  /** Above this size the oldest facts are removed. The server reserves it at once. Default 256 MiB. */
  maxBytes?: number;
  /** How many servers hold each fact: 3 in a cluster of three. Default 1. */
  replicas?: number;
}

/** A fact that is repeated within this time changes nothing. A process restarts and repeats its facts in less. */
const DUPLICATES_MS = 10 * 60_000;
const WEEK_MS = 7 * 24 * 3_600_000;
const API_TIMEOUT_MS = 5_000;

const STREAM_NOT_FOUND = 10_059;
const STREAM_NAME_IN_USE = 10_058;

const isApiError = (thrown: unknown, code: number): boolean =>
  thrown instanceof NatsError && thrown.api_error?.err_code === code;

const create = async (jsm: JetStreamManager, options: FactsOptions): Promise<void> => {
  try {
    await jsm.streams.add({
      name: EVENTS_STREAM,
      subjects: [FACT_SUBJECTS],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(Math.max(options.maxAgeMs ?? WEEK_MS, DUPLICATES_MS)),
      max_bytes: options.maxBytes ?? 256 * 1024 * 1024,
      duplicate_window: nanos(DUPLICATES_MS),
      num_replicas: options.replicas ?? 1,
    });
  } catch (thrown) {
    // Another replica has just made it, with other bounds.
    if (!isApiError(thrown, STREAM_NAME_IN_USE)) {
      throw thrown;
    }
  }
};

/** Makes the stream unless there is one. Rejects with what the client throws. */
const ensureEventsStream = async (link: Link, options: FactsOptions): Promise<void> => {
  const jsm = await link.nc.jetstreamManager({ checkAPI: false, timeout: API_TIMEOUT_MS });
  try {
    await jsm.streams.info(EVENTS_STREAM);
  } catch (thrown) {
    if (!isApiError(thrown, STREAM_NOT_FOUND)) {
      throw thrown;
    }
    await create(jsm, options);
  }
};

const ACKNOWLEDGE_MS = 5_000;

/** Makes sure of the stream before the first fact, after each reconnect, and when no stream takes a fact. */
export const factPublisher = (link: Link, options: FactsOptions): Bus['publishFact'] => {
  const js = link.nc.jetstream({ timeout: ACKNOWLEDGE_MS });
  let ensured: Promise<void> | undefined;
  const forget = (): void => {
    ensured = undefined;
  };
  link.onReconnect(forget);

  const ensure = (): Promise<void> => {
    const attempt = (ensured ??= ensureEventsStream(link, options));
    attempt.catch(() => {
      if (ensured === attempt) {
        forget();
      }
    });
    return attempt;
  };

  const publish = async (subject: string, bytes: Uint8Array, msgID: string): Promise<void> => {
    await ensure();
    await js.publish(subject, bytes, {
      msgID,
      headers: outgoing(undefined),
      expect: { streamName: EVENTS_STREAM },
    });
  };

  return async (subject, bytes, messageId) => {
    checkFactSubject(subject);
    try {
      await link.whileConnected(() =>
        publish(subject, bytes, messageId).catch((thrown: unknown) => {
          if (!hasCode(thrown, ErrorCode.NoResponders)) {
            throw thrown;
          }
          // The stream was removed. The message id makes a second try harmless.
          forget();
          return publish(subject, bytes, messageId);
        }),
      );
    } catch (thrown) {
      throw toBusError(thrown, subject, bytes.length);
    }
  };
};
