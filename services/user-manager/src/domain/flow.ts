/** Users who suit exactly the same demands: to the shares they are all alike. */
export interface UserClass {
  size: number;
  /** The demands that they suit, as indexes. */
  suits: readonly number[];
}

/** What the flow needs to know of a demand. */
export interface FlowDemand {
  /** Whose it is: between demands of one customer users are moved where that helps another customer. */
  customer: string;
  /** More than this it never gets. */
  wanted: number;
}

/** Which classes' users are with which demand, while shares grow user by user. */
export interface Flow {
  readonly counts: readonly number[];
  /** How many users of each class (first index) each demand (second index) has. */
  readonly given: readonly (readonly number[])[];
  /**
   * Gives the demand one user more, and moves users between demands if that frees a suitable one. No customer has fewer
   * afterwards. False when no such path exists. Once it is false for all demands of a customer, it stays false.
   */
  grow(index: number): boolean;
  /** Gives `to` one user more and `from` one less, and changes no other count. False when that is impossible. */
  shift(from: number, to: number): boolean;
}

/** A demand on an augmenting path, which starts at the demand that should get one more user. */
interface Step {
  demand: number;
  /** Which demand (`giver`) hands a user of which class to the previous step. Undefined for the first step. */
  from: { step: Step; giver: number; userClass: number } | undefined;
}

/**
 * An assignment of whole classes to demands that grows along augmenting paths (Ford and Fulkerson). The counts that customers
 * can reach form a polymatroid, so growing the poorest customer first leads to the fairest assignment that exists.
 */
export const emptyFlow = (classes: readonly UserClass[], demands: readonly FlowDemand[]): Flow => {
  const counts = demands.map(() => 0);
  const free = classes.map(({ size }) => size);
  const given = classes.map(() => demands.map(() => 0));
  const suiting = demands.map((_, d) =>
    classes.flatMap((each, k) => (each.suits.includes(d) ? [k] : [])),
  );
  const siblings = demands.map(({ customer }, d) =>
    demands.flatMap((other, s) => (s !== d && other.customer === customer ? [s] : [])),
  );

  /** The shortest path from `start` to a class with `hasSpare`. `replaced`: who may get a user for the one that is handed over. */
  const search = (
    start: number,
    hasSpare: (userClass: number) => boolean,
    replaced: (giver: number) => readonly number[],
  ): { last: Step; userClass: number } | undefined => {
    const seen = new Set([start]);
    const queue: Step[] = [{ demand: start, from: undefined }];
    for (const step of queue) {
      const spare = suiting[step.demand]!.find(hasSpare);
      if (spare !== undefined) {
        return { last: step, userClass: spare };
      }
      for (const userClass of suiting[step.demand]!) {
        for (const giver of classes[userClass]!.suits.filter((d) => given[userClass]![d]! > 0)) {
          for (const demand of replaced(giver).filter((d) => !seen.has(d))) {
            seen.add(demand);
            queue.push({ demand, from: { step, giver, userClass } });
          }
        }
      }
    }
    return undefined;
  };

  /** Gives the last demand of a path a user of the class, and moves users along the path to the first demand. */
  const carryOut = ({ last, userClass: spare }: { last: Step; userClass: number }): void => {
    given[spare]![last.demand]! += 1;
    let { demand, from } = last;
    while (from !== undefined) {
      const { giver, userClass, step } = from;
      given[userClass]![giver]! -= 1;
      given[userClass]![step.demand]! += 1;
      counts[giver]! -= 1;
      counts[demand]! += 1;
      ({ demand, from } = step);
    }
    counts[demand]! += 1;
  };

  const isOpen = (d: number): boolean => counts[d]! < demands[d]!.wanted;

  return {
    counts,
    given,
    grow(index) {
      const way = isOpen(index)
        ? search(
            index,
            (k) => free[k]! > 0,
            (giver) => [giver, ...siblings[giver]!.filter(isOpen)],
          )
        : undefined;
      if (way === undefined) {
        return false;
      }
      free[way.userClass]! -= 1;
      carryOut(way);
      return true;
    },
    shift(from, to) {
      const way = isOpen(to)
        ? search(
            to,
            (k) => given[k]![from]! > 0,
            (giver) => (giver === from ? [] : [giver]),
          )
        : undefined;
      if (way === undefined) {
        return false;
      }
      given[way.userClass]![from]! -= 1;
      counts[from]! -= 1;
      carryOut(way);
      return true;
    },
  };
};
