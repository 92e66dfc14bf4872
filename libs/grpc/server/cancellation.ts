import type { Wrapper } from './incoming-call.ts';

/**
 * Ends the call the moment its signal aborts, also when the handler does not listen to it: nobody waits for the
 * answer any more, and the server must be able to say why.
 */
export const cancellation: Wrapper = (call, next) => {
  const { signal } = call;
  const aborted = new Promise<never>((_, reject) => {
    // The reason is a DomainError wherever this process aborts a call.
    // eslint-disable-next-line typescript/prefer-promise-reject-errors
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([aborted, next(call)]);
};
