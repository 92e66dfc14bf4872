import { addAbortListener } from 'node:events';

/**
 * What `work` comes to, or a rejection with the signal's reason as soon as it aborts. The work itself goes on: whoever can
 * stop it listens to the signal too. For a mere callback there is `addAbortListener` of `node:events`.
 */
export const abortable = async <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  using _listener = addAbortListener(signal, () => reject(signal.reason));
  return await Promise.race([work, aborted]);
};

/** Resolves when the signal aborts. Only for a signal that ends with whoever waits: nothing takes the listener away. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    addAbortListener(signal, () => resolve());
  });
