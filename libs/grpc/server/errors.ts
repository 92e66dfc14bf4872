import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Wrapper } from './incoming-call.ts';

/**
 * Makes a DomainError of whatever a handler throws. What follows from the end of the call (an aborted fetch, a stream
 * closed under the reader) gets the reason of that end; everything unknown becomes INTERNAL with a fixed text, and
 * what it was is kept as the cause, for the log.
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
