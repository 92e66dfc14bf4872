import { abortable } from '#libs/async/index.ts';
import type { Wrapper } from './incoming-call.ts';

/**
 * Ends the call the moment its signal aborts, also when the handler does not listen to it: nobody waits for the
 * answer any more, and the server must be able to say why.
 */
export const cancellation: Wrapper = (call, next) => abortable(next(call), call.signal);
