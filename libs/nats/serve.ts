import type { Msg, Subscription } from 'nats';
import { within } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { type Logger, startTrace, withTrace } from '#libs/telemetry/index.ts';
import type { ServeHandler, ServeOptions, Serving } from './bus.ts';
import { failure, incoming } from './envelope.ts';
import { toBusError } from './errors.ts';
import type { Link } from './link.ts';
import { checkPattern } from './subjects.ts';

/** How long a closing subject waits for its handlers. */
const DRAIN_MS = 10_000;

/** Sends the handler's answer, or the reason why there is none. */
const answer = async (
  message: Msg,
  work: Promise<Uint8Array | undefined>,
  logger: Logger,
): Promise<void> => {
  const { subject } = message;
  try {
    const bytes = (await work) ?? new Uint8Array();
    if (!message.reply) {
      return;
    }
    try {
      message.respond(bytes);
    } catch (thrown) {
      throw toBusError(thrown, subject, bytes.length);
    }
  } catch (thrown) {
    if (!isDomainError(thrown)) {
      logger.error({ err: thrown, subject }, 'a handler of a message failed');
    } else if (!message.reply) {
      logger.warn({ err: thrown, subject }, 'a message that nobody waits for was refused');
    }
    if (!message.reply) {
      return;
    }
    const { bytes, headers } = failure(thrown);
    try {
      message.respond(bytes, { headers });
    } catch (unsent) {
      logger.warn({ err: unsent, subject }, 'an answer could not be sent');
    }
  }
};

export const serveSubject = (
  link: Link,
  logger: Logger,
  pattern: string,
  handler: ServeHandler,
  { queue }: ServeOptions = {},
): Serving => {
  checkPattern(pattern);
  const running = new Set<Promise<void>>();

  const start = (message: Msg): void => {
    const { requestId, trace } = incoming(message);
    const done = withTrace(startTrace(trace), () => {
      const log = logger.child({ requestId });
      // An async function turns what the handler throws before its first await into a rejection.
      const work = (async () =>
        handler(message.data, {
          subject: message.subject,
          requestId,
          isRequest: Boolean(message.reply),
        }))();
      return answer(message, work, log);
    }).finally(() => running.delete(done));
    running.add(done);
  };

  let forbidden: unknown;
  const subscription: Subscription = link.nc.subscribe(pattern, {
    ...(queue !== undefined && { queue }),
    callback: (refused, message) => {
      if (refused) {
        forbidden = refused;
        logger.error({ err: refused, subject: pattern }, 'a subject cannot be served');
      } else {
        start(message);
      }
    },
  });

  const drain = async (): Promise<void> => {
    if (!subscription.isClosed() && !link.nc.isClosed()) {
      if (link.connected()) {
        await subscription.drain();
      } else {
        subscription.unsubscribe();
      }
    }
    while (running.size > 0) {
      await Promise.allSettled(running);
    }
  };
  let closing: Promise<void> | undefined;

  return {
    ready: async () => {
      try {
        await link.whileConnected(() => link.nc.flush());
        // The server refuses a subscription before it answers the flush.
        if (forbidden !== undefined) {
          throw forbidden;
        }
      } catch (thrown) {
        throw toBusError(thrown, pattern, 0);
      }
    },
    close: () =>
      (closing ??= within(
        systemClock,
        DRAIN_MS,
        drain().catch(() => undefined),
      )),
  };
};
