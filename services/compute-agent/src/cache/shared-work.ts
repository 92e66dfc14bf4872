import { abortable } from '#libs/async/index.ts';

interface Running {
  done: Promise<void>;
  waiting: number;
  cancel: AbortController;
}

/**
 * Creates a function that does a piece of work once for everybody who asks for it, by its name, at the same time. It
 * rejects with the signal's reason if `signal` aborts. The work itself is aborted when nobody waits for it any more.
 */
export const sharedWork = () => {
  const running = new Map<string, Running>();
  return async (
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> => {
    signal.throwIfAborted();
    let joined = running.get(name);
    if (joined === undefined) {
      const cancel = new AbortController();
      joined = { done: work(cancel.signal), waiting: 0, cancel };
      running.set(name, joined);
    }
    joined.waiting += 1;
    try {
      await abortable(joined.done, signal);
    } finally {
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        // A new caller must not wait for work that has ended or stops.
        running.delete(name);
        joined.cancel.abort(signal.reason);
      }
    }
  };
};
