/** MongoDB answers this many single updates at a time as fast as more. */
const AT_ONCE = 64;

/** Does `work` for every item, some at a time; rejects with the first error, after those under way have ended. */
export const inParallel = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, worker);
  const failed = (await Promise.allSettled(workers)).find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
