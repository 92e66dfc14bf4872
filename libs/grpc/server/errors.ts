import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Wrapper } from './incoming-call.ts';

/**
 * Turns anything that a handler throws into a DomainError. A consequence of the call's end (an aborted fetch, a stream
 * closed under its reader) becomes the reason of that end. Anything unknown becomes INTERNAL with a fixed text, and is
 * kept as the cause for the log.
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
