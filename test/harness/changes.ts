/** A state that changes. Tests can wait for a condition without polling. */
export interface Changes {
  /** Call it after each change. */
  ring: () => void;
  /**
   * Resolves with the value of `look` as soon as it is neither undefined nor false. Looks now and after each change.
   *
   * @throws Error if that takes longer than `withinMs`, default 30 s
   */
  until: <T>(look: () => T | undefined | false, withinMs?: number) => Promise<T>;
}

const WITHIN_MS = 30_000;

/** @param describe describes the state, for the error after a timeout */
export const createChanges = (describe: () => string): Changes => {
  const listeners = new Set<() => void>();
  return {
    ring: () => {
      for (const listener of listeners) {
        listener();
      }
    },
    until: (look, withinMs = WITHIN_MS) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`not so within ${withinMs} ms; ${describe()}`));
        }, withinMs);
        const listener = (): void => {
          const seen = look();
          if (seen === undefined || seen === false) {
            return;
          }
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(seen);
        };
        listeners.add(listener);
        listener();
      }),
  };
};
