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

/** The place of a desired state: the greatest (claim, reign, counter) wins. */
export const desiredOrder = (state: { claim: number; reign: number; counter: number }): readonly number[] => [
  state.claim,
  state.reign,
  state.counter,
];

/** The place of what a session's owner states: the greatest (reign, counter) wins. */
export const statementOrder = (statement: { reign: number; counter: number }): readonly number[] => [
  statement.reign,
  statement.counter,
];
