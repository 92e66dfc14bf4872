/** Lets so many through at once; the others wait in order. */
export interface Gate {
  /** Waits for a turn and runs `work`. Rejects with the signal's reason when it ends before the turn came. */
  pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export const createGate = (places: number): Gate => {
  let free = places;
  const waiting = new Set<() => void>();

  const enter = (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        waiting.delete(turn);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(turn);
        reject(signal.reason);
      };
      waiting.add(turn);
      signal.addEventListener('abort', leave, { once: true });
    });
  };
  const exit = (): void => {
    for (const turn of waiting) {
      turn();
      return;
    }
    free += 1;
  };

  return {
    async pass(signal, work) {
      await enter(signal);
      try {
        return await work();
      } finally {
        exit();
      }
    },
  };
};
