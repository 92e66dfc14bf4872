import { AsyncLocalStorage } from 'node:async_hooks';

/** The dependencies that one call waits for. */
export interface Waits {
  /** Runs work of the call. */
  run<T>(fn: () => T): T;
  /** The dependency of the latest wait that has no answer yet; undefined if there is none. */
  latest(): string | undefined;
}

type Pending = Set<{ dependency: string }>;

const storage = new AsyncLocalStorage<Pending>();

export const createWaits = (): Waits => {
  const pending: Pending = new Set();
  return {
    run: (fn) => storage.run(pending, fn),
    latest: () => [...pending].at(-1)?.dependency,
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
