import type { Clock } from '#libs/clock/index.ts';
import { fromServiceError, status, statusName } from '#libs/errors/index.ts';
import type { Wrapper } from './incoming-call.ts';

const OUR_FAULT: readonly status[] = [status.INTERNAL, status.UNKNOWN, status.DATA_LOSS];

/**
 * Logs one line at the end of each call: an answer, or a caller that left, at `debug`, a refusal at `info`, and a defect at
 * `error`, with the cause that the caller does not see.
 */
export const logging =
  (clock: Clock): Wrapper =>
  async (call, next) => {
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
        log[level]({ ...line(), code: statusName(code), reason, problem: message }, 'refused');
      }
      throw error;
    }
  };
