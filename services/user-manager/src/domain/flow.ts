/** Users who suit exactly the same demands: to the shares they are all alike. */
export interface UserClass {
  /** How many there are. */
  size: number;
  /** The demands that they suit, as indexes. */
  suits: readonly number[];
}

/** Which classes' users are with which demand, while shares grow user by user. */
export interface Flow {
  /** How many users each demand has. */
  readonly counts: readonly number[];
  /**
   * Gives demand `index` one user more, moving users between other demands where that frees a suitable one; false when
   * no such way exists. Once false for a demand, it stays false however the others grow.
   */
  grow(index: number): boolean;
}

interface Step {
  demand: number;
  /** The class whose user came from the step before. */
  through: number;
  from: Step | undefined;
}

/**
 * An assignment of whole classes to demands that grows along augmenting paths (Ford and Fulkerson). What is reachable
 * this way is a polymatroid, so growing always the poorest first ends in the fairest assignment that exists.
 */
export const emptyFlow = (classes: readonly UserClass[], demands: number): Flow => {
  const counts = Array.from({ length: demands }, () => 0);
  const free = classes.map(({ size }) => size);
  const given = classes.map(() => Array.from({ length: demands }, () => 0));
  const suiting = Array.from({ length: demands }, (_, d) =>
    classes.flatMap((each, k) => (each.suits.includes(d) ? [k] : [])),
  );

  const take = (k: number, last: Step): void => {
    free[k]! -= 1;
    let through = k;
    for (let step: Step | undefined = last; step !== undefined; step = step.from) {
      given[through]![step.demand]! += 1;
      if (step.from !== undefined) {
        given[step.through]![step.demand]! -= 1;
        through = step.through;
      }
    }
  };

  const grow = (index: number): boolean => {
    const seen = new Set([index]);
    const queue: Step[] = [{ demand: index, through: -1, from: undefined }];
    for (const step of queue) {
      for (const k of suiting[step.demand]!) {
        if (free[k]! > 0) {
          take(k, step);
          counts[index]! += 1;
          return true;
        }
      }
      for (const k of suiting[step.demand]!) {
        for (const other of classes[k]!.suits) {
          if (given[k]![other]! > 0 && !seen.has(other)) {
            seen.add(other);
            queue.push({ demand: other, through: k, from: step });
          }
        }
      }
    }
    return false;
  };
  return { counts, grow };
};
