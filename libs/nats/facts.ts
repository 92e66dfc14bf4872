import { ErrorCode } from 'nats';
import { outgoing } from './envelope.ts';
import { hasCode, toBusError } from './errors.ts';
import { ensureEventsStream, EVENTS_STREAM, type FactsOptions } from './events-stream.ts';
import type { Link } from './link.ts';
import { checkFactSubject } from './subjects.ts';

const ACKNOWLEDGE_MS = 5_000;

/** See `Bus.publishFact`. */
export type PublishFact = (subject: string, bytes: Uint8Array, messageId: string) => Promise<void>;

/** Makes sure of the stream before the first fact, after each reconnect, and when no stream takes a fact. */
export const factPublisher = (link: Link, options: FactsOptions): PublishFact => {
  const js = link.nc.jetstream({ timeout: ACKNOWLEDGE_MS });
  let ensured: Promise<void> | undefined;
  const forget = (): void => {
    ensured = undefined;
  };
  link.onReconnect(forget);

  const ensure = (): Promise<void> => {
    if (ensured === undefined) {
      const attempt = ensureEventsStream(link, options);
      ensured = attempt;
      attempt.catch(() => {
        if (ensured === attempt) {
          forget();
        }
      });
    }
    return ensured;
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
