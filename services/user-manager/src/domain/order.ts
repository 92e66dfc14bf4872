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

/** The place of a desired state: the greatest (claim, epoch, counter) wins. */
export const desiredOrder = (state: {
  claim: number;
  epoch: number;
  counter: number;
}): readonly number[] => [state.claim, state.epoch, state.counter];

/** The place of what a session's owner states: the greatest (epoch, counter) wins. */
export const statementOrder = (statement: {
  epoch: number;
  counter: number;
}): readonly number[] => [statement.epoch, statement.counter];
