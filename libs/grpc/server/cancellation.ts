import { abortable } from '#libs/async/index.ts';
import type { Wrapper } from './incoming-call.ts';

/**
 * Ends the call as soon as its signal aborts, even if the handler does not listen to it, because nobody waits for the
 * answer any more and the server must report why.
 */
export const cancellation: Wrapper = (call, next) => abortable(next(call), call.signal);
