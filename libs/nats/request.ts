import type { RequestOptions } from './bus.ts';
import { failureOf, outgoing } from './envelope.ts';
import { toBusError } from './errors.ts';
import type { Link } from './link.ts';
import { checkSubject } from './subjects.ts';

/** What `work` promises, or the signal's reason as soon as it aborts. */
const orAborted = async <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) {
    return work;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

/** See `Bus.request`. */
export const sendRequest = async (
  link: Link,
  subject: string,
  bytes: Uint8Array,
  { timeoutMs, signal, requestId }: RequestOptions,
): Promise<Uint8Array> => {
  checkSubject(subject);
  signal?.throwIfAborted();
  const sent = link
    .whileConnected(() =>
      // The client takes 0 for its default, and refuses less than 1.
      link.nc.request(subject, bytes, { timeout: Math.max(1, timeoutMs), headers: outgoing(requestId) }),
    )
    .catch((thrown: unknown) => {
      throw toBusError(thrown, subject, bytes.length);
    });
  const answer = await orAborted(sent, signal);
  const failed = failureOf(answer);
  if (failed !== undefined) {
    throw failed;
  }
  return answer.data;
};
