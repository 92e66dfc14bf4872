import createLimit from 'p-limit';

/** Runs work of many callers, so many at a time, in the order in which they came. */
export { createLimit };

/**
 * Does `work` for every item, at most `atOnce` at a time. A failure does not stop the others; at the end it rejects with
 * the first failure in the order of the items.
 */
export const inParallel = async <T>(
  atOnce: number,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> => {
  const limit = createLimit(atOnce);
  const ends = await Promise.allSettled(items.map((item) => limit(work, item)));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
};
