/**
 * Runs one piece of work at a time, as often as something has changed and not more often. `onFailure` gets every error; the
 * work is not repeated until it is requested again.
 */
export const createCoalescer = (
  work: () => Promise<void>,
  onFailure: (thrown: unknown) => void,
) => {
  let isRequested = false;
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let next: PromiseWithResolvers<void> | undefined;

  const run = async (): Promise<void> => {
    while (isRequested && !stopped.signal.aborted) {
      isRequested = false;
      const waiting = next;
      next = undefined;
      try {
        await work();
        waiting?.resolve();
      } catch (thrown) {
        onFailure(thrown);
        waiting?.reject(thrown);
      }
    }
    running = undefined;
  };

  const start = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(() => resolve(run()));
    });

  return {
    /** Something has changed: the work runs in a later turn of the event loop, or again once it has run. */
    request(): void {
      if (stopped.signal.aborted) {
        return;
      }
      isRequested = true;
      running ??= start();
    },
    /** Resolves after the work has run with everything requested so far; rejects with its error. */
    settled(): Promise<void> {
      if (stopped.signal.aborted || !isRequested) {
        return running ?? Promise.resolve();
      }
      next ??= Promise.withResolvers();
      return next.promise;
    },
    /** Nothing runs after this. Whoever waits is released. */
    stop(): void {
      stopped.abort();
      next?.resolve();
      next = undefined;
    },
  };
};
