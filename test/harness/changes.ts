/** Something whose state changes, for tests that wait for a state without asking again and again. */
export interface Changes {
  /** To be called after each change. */
  ring: () => void;
  /**
   * Resolves with what `look` answers as soon as that is neither undefined nor false. Looks now and after each change.
   *
   * @throws Error when that takes longer than `withinMs`, default 10 s
   */
  until: <T>(look: () => T | undefined | false, withinMs?: number) => Promise<T>;
}

const WITHIN_MS = 10_000;

/** @param describe says what is there, for whoever waited in vain. */
export const createChanges = (describe: () => string): Changes => {
  const listeners = new Set<() => void>();
  return {
    ring: () => {
      for (const listener of listeners) listener();
    },
    until: (look, withinMs = WITHIN_MS) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`not so within ${withinMs} ms; ${describe()}`));
        }, withinMs);
        const listener = (): void => {
          const seen = look();
          if (seen === undefined || seen === false) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(seen);
        };
        listeners.add(listener);
        listener();
      }),
  };
};
