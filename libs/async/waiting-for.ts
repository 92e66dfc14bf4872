import { AsyncLocalStorage } from 'node:async_hooks';

/** What one call waits for. */
export interface Waits {
  /** Runs what belongs to the call. */
  run<T>(fn: () => T): T;
  /** The dependency that it began to wait for last and that has not answered; undefined if there is none. */
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

/** Runs something that a dependency has to answer; `mongodb`, `blob storage`. Outside of a call it just runs. */
export const waitingFor = async <T>(dependency: string, run: () => Promise<T>): Promise<T> => {
  const pending = storage.getStore();
  if (pending === undefined) return run();
  const wait = { dependency };
  pending.add(wait);
  try {
    return await run();
  } finally {
    pending.delete(wait);
  }
};
