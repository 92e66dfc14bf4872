import { headers, type Msg, type MsgHdrs } from 'nats';
import { Status } from '#libs/contracts/rpc.ts';
import {
  type DomainError,
  fromProtoStatus,
  isDomainError,
  toProtoStatus,
} from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { extractTrace, injectTrace } from '#libs/telemetry/index.ts';

const REQUEST_ID = 'x-request-id';
/** Marks an answer as a failure; its value is the reason, and the bytes are google.rpc.Status. */
const ERROR = 'muster-error';

// An id of another process is written into logs and into the headers of other messages.
const HARMLESS = /^[\w.:-]{1,64}$/;

const read = (from: MsgHdrs | undefined) => ({
  get: (name: string): string | undefined => from?.get(name) || undefined,
});

/** The headers of our messages: the current trace and the request id. */
export const outgoing = (requestId: string | undefined): MsgHdrs => {
  const out = headers();
  injectTrace({ set: (name, value) => out.set(name, value) });
  out.set(
    REQUEST_ID,
    requestId !== undefined && HARMLESS.test(requestId) ? requestId : systemRandom.id('r'),
  );
  return out;
};

/** The request id (a new one if it is missing) and the trace that the sender gave a message. */
export const incoming = (message: Msg) => {
  const from = read(message.headers);
  const given = from.get(REQUEST_ID);
  return {
    requestId: given !== undefined && HARMLESS.test(given) ? given : systemRandom.id('r'),
    trace: extractTrace(from),
  };
};

/** The answer that reports a failure. */
export const failure = (thrown: unknown): { bytes: Uint8Array; headers: MsgHdrs } => {
  const out = headers();
  out.set(ERROR, isDomainError(thrown) ? thrown.reason : 'INTERNAL');
  return { bytes: Status.encode(toProtoStatus(thrown)).finish(), headers: out };
};

/** The failure that an answer reports, if it does. An unreadable one is UNKNOWN. */
export const failureOf = (answer: Msg): DomainError | undefined => {
  const reason = read(answer.headers).get(ERROR);
  if (reason === undefined) {
    return undefined;
  }
  try {
    return fromProtoStatus(Status.decode(answer.data));
  } catch (thrown) {
    return fromProtoStatus(
      { code: 2, message: `the other side failed: ${reason}`, details: [] },
      thrown,
    );
  }
};
