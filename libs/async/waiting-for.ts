import { AsyncLocalStorage } from 'node:async_hooks';

type Pending = Set<{ dependency: string }>;

const storage = new AsyncLocalStorage<Pending>();

/** The dependencies that one call waits for. */
export const createWaits = () => {
  const pending: Pending = new Set();
  return {
    /** Runs work of the call. */
    run: <T>(fn: () => T): T => storage.run(pending, fn),
    /** The dependency of the latest wait that has no answer yet; undefined if there is none. */
    latest: (): string | undefined => [...pending].at(-1)?.dependency,
  };
};

/** Runs a request to a dependency (`mongodb`, `blob storage`) and notes it for the call, if there is one. */
export const waitingFor = async <T>(dependency: string, run: () => Promise<T>): Promise<T> => {
  const pending = storage.getStore();
  if (pending === undefined) {
    return run();
  }
  const wait = { dependency };
  pending.add(wait);
  try {
    return await run();
  } finally {
    pending.delete(wait);
  }
};
