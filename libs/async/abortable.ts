import { addAbortListener } from 'node:events';

/**
 * Resolves or rejects as `work` does, or rejects with the signal's reason as soon as it aborts. The work itself goes on,
 * unless it listens to the signal too. For a mere callback, use `addAbortListener` of `node:events`.
 */
export const abortable = async <T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> => {
  if (signal === undefined) {
    return work;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  using _listener = addAbortListener(signal, () => reject(signal.reason));
  return await Promise.race([work, aborted]);
};

/** Resolves when the signal aborts. Its listener is never removed, so the signal must not outlive the caller. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    addAbortListener(signal, () => resolve());
  });
