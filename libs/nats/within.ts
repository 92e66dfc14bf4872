/** Resolves when `work` has ended, well or not, and after `ms` milliseconds at the latest. */
export const settledWithin = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const { promise: waited, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([Promise.allSettled([work]), waited]);
  } finally {
    clearTimeout(timer);
  }
};
