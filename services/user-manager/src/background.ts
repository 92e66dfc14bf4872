/** Work that outlives the call that began it, and that the end of the process waits for. */
export interface Background {
  add(work: Promise<unknown>): void;
  /** Resolves when nothing is left. */
  idle(): Promise<void>;
}

/** Keeps track of such work; `onFailure` gets what it rejects with. */
export const createBackground = (onFailure: (thrown: unknown) => void): Background => {
  const works = new Set<Promise<unknown>>();
  return {
    add(work) {
      const tracked = work.catch(onFailure).finally(() => works.delete(tracked));
      works.add(tracked);
    },
    async idle() {
      while (works.size > 0) {
        await Promise.all(works);
      }
    },
  };
};
