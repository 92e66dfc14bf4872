import { inParallel } from '#libs/async/index.ts';

/** MongoDB answers this many single updates at a time as fast as more. */
const AT_ONCE = 64;

/** Does `work` for every item, some at a time. It starts no more after a failure, because the next round looks again. */
export const updateEach = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> => {
  // Most rounds change nothing.
  let hasFailed = false;
  await inParallel(AT_ONCE, items, async (item) => {
    if (hasFailed) {
      return;
    }
    try {
      await work(item);
    } catch (thrown) {
      hasFailed = true;
      throw thrown;
    }
  });
};
