/** Negative when the first list of numbers comes before the second. The leftmost difference decides. */
export const compareNumbers = (a: readonly number[], b: readonly number[]): number => {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
};
