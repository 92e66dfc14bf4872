import { abortable } from '#libs/async/index.ts';

/** Does a piece of work once for everybody who asks for it at the same time. */
export interface SharedWork {
  /**
   * Joins the work of this name, or begins it. Rejects with the signal's reason if `signal` aborts. The work
   * itself is aborted when nobody waits for it any more.
   */
  join(
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}

interface Running {
  done: Promise<void>;
  waiting: number;
  cancel: AbortController;
}

/** Creates a table of the work in progress, by name. */
export const sharedWork = (): SharedWork => {
  const running = new Map<string, Running>();

  const begin = (name: string, work: (signal: AbortSignal) => Promise<void>): Running => {
    const cancel = new AbortController();
    const begun: Running = { done: work(cancel.signal), waiting: 0, cancel };
    const forget = (): void => {
      if (running.get(name) === begun) {
        running.delete(name);
      }
    };
    begun.done.then(forget, forget);
    running.set(name, begun);
    return begun;
  };

  return {
    join: async (name, work, signal) => {
      signal.throwIfAborted();
      const joined = running.get(name) ?? begin(name, work);
      joined.waiting += 1;
      try {
        await abortable(joined.done, signal);
      } finally {
        joined.waiting -= 1;
        if (joined.waiting === 0) {
          // A new caller must not wait for work that stops.
          if (running.get(name) === joined) {
            running.delete(name);
          }
          joined.cancel.abort(signal.reason);
        }
      }
    },
  };
};
