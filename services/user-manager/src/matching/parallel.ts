import { inParallel } from '#libs/async/index.ts';

/** MongoDB answers this many single updates at a time as fast as more. */
const AT_ONCE = 64;

/** Does `work` for every item, some at a time. After a failure it begins no more: the next round looks again. */
export const updateEach = <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  let hasFailed = false;
  return inParallel(AT_ONCE, items, async (item) => {
    if (hasFailed) return;
    try {
      await work(item);
    } catch (thrown) {
      hasFailed = true;
      throw thrown;
    }
  });
};
