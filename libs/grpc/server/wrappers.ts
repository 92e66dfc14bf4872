import {
  DomainError,
  isDomainError,
  status,
  fromServiceError,
  statusName,
} from '#libs/errors/index.ts';
import { abortable } from '#libs/async/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { extractTrace, type Logger, startTrace, withTrace } from '#libs/telemetry/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { type Wrapper, header } from './incoming-call.ts';
import { refusalLog } from './refusal-log.ts';

/**
 * Turns what a handler throws into a DomainError. A consequence of the call's end becomes the reason of that end. Anything
 * unknown becomes INTERNAL with a fixed text, and is kept as the cause for the log.
 */
export const errors: Wrapper = async (call, next) => {
  try {
    await next(call);
  } catch (thrown) {
    if (isDomainError(thrown)) {
      throw thrown;
    }
    if (isDomainError(call.signal.reason)) {
      throw call.signal.reason;
    }
    throw new DomainError(status.INTERNAL, 'INTERNAL', 'internal error', {}, { cause: thrown });
  }
};

/** Ends the call once its signal aborts, even if the handler does not listen to it, because the server must report why. */
export const cancellation: Wrapper = (call, next) => abortable(next(call), call.signal);

/** The header and trailer that name a request in the logs of all processes that it reaches. */
const REQUEST_ID = 'x-request-id';

// A caller's id is written into logs and into the headers of other calls.
const HARMLESS = /^[\w.:-]{1,64}$/;

/** Takes the caller's request id or makes one, and sends it back at the end of the call. */
export const requestId: Wrapper = (call, next) => {
  const given = header(call.metadata, REQUEST_ID);
  const id = given !== undefined && HARMLESS.test(given) ? given : systemRandom.id('r');
  call.trailers.set(REQUEST_ID, id);
  return next({ ...call, requestId: id });
};

/** Runs the call as a span of the caller's trace, or of a new trace. */
export const trace: Wrapper = (call, next) => {
  const parent = extractTrace({ get: (name) => header(call.metadata, name) });
  return withTrace(startTrace(parent), () => next(call));
};

const OUR_FAULT: readonly status[] = [status.INTERNAL, status.UNKNOWN, status.DATA_LOSS];

/**
 * Logs one line a call: an answer or a caller that left at `debug`, a refusal at `info` (of a caller who is refused very often
 * not each), a defect at `error` with its cause.
 */
export const logging = (clock: Clock, logger: Logger): Wrapper => {
  const logRefusal = refusalLog(clock, logger);
  return async (call, next) => {
    const began = clock.monotonic();
    const log = call.log.child({ method: call.method.path, requestId: call.requestId });
    const line = () => ({
      ...call.said,
      peer: call.peer,
      ms: Math.round(clock.monotonic() - began),
    });
    try {
      await next({ ...call, log });
      log.debug({ ...line(), code: 'OK' }, 'answered');
    } catch (thrown) {
      const error = fromServiceError(thrown);
      const { code, reason, message } = error;
      if (OUR_FAULT.includes(code)) {
        log.error({ ...line(), code: statusName(code), err: error }, 'failed');
      } else {
        const level = code === status.CANCELLED ? 'debug' : 'info';
        const who = [call.said['role'], call.said['subject']]
          .filter((part) => typeof part === 'string')
          .join(' ');
        const fields = { ...line(), code: statusName(code), reason, problem: message };
        logRefusal({ who, reason, write: () => log[level](fields, 'refused') });
      }
      throw error;
    }
  };
};
