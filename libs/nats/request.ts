import { ErrorCode } from 'nats';
import { abortable } from '#libs/async/index.ts';
import type { RequestOptions } from './bus.ts';
import { failureOf, outgoing } from './envelope.ts';
import { hasCode, serverSilent, toBusError } from './errors.ts';
import type { Link } from './link.ts';
import { checkSubject } from './subjects.ts';

/** Pings the server when an answer takes long, because the server itself may be silent. */
const probeServer = (
  link: Link,
  afterMs: number,
): { isUnanswered: () => boolean; stop: () => void } => {
  let isUnanswered = false;
  const timer = setTimeout(() => {
    isUnanswered = true;
    link.nc.flush().then(
      () => (isUnanswered = false),
      () => undefined,
    );
  }, afterMs);
  return { isUnanswered: () => isUnanswered, stop: () => clearTimeout(timer) };
};

export const sendRequest = async (
  link: Link,
  subject: string,
  bytes: Uint8Array,
  { timeoutMs, signal, requestId }: RequestOptions,
): Promise<Uint8Array> => {
  checkSubject(subject);
  signal?.throwIfAborted();
  const probe = probeServer(link, timeoutMs / 2);
  const sent = link
    .whileConnected(() =>
      // To the client 0 means its default, and it refuses less than 1.
      link.nc.request(subject, bytes, {
        timeout: Math.max(1, timeoutMs),
        headers: outgoing(requestId),
      }),
    )
    .catch((thrown: unknown) => {
      if (hasCode(thrown, ErrorCode.Timeout) && probe.isUnanswered()) {
        throw serverSilent();
      }
      throw toBusError(thrown, subject, bytes.length);
    });
  const answer = await abortable(sent, signal).finally(() => probe.stop());
  const failed = failureOf(answer);
  if (failed !== undefined) {
    throw failed;
  }
  return answer.data;
};
