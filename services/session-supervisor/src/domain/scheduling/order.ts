import { emptyBitmap, nextSet, withBit, withoutBit } from '../sets/bitmap.ts';
import type { Order } from '../../kinds/kind.ts';

/** How many tasks of a coarse-first workload are spread over its range before the rest follows in ascending order. */
const SPREAD = 64;

/** The ordinals that a coarse-first workload begins with: first, last, middle, the middles of the halves, … at most 64. */
export const spreadOrdinals = (count: number): number[] => {
  const ordinals = count > 1 ? [0, count - 1] : [0].slice(0, count);
  const gaps: [before: number, after: number][] = [[0, count - 1]];
  // The list grows while it is walked, which makes the walk breadth first.
  for (const [before, after] of gaps) {
    if (ordinals.length >= SPREAD) {
      break;
    }
    const middle = Math.floor((before + after) / 2);
    if (middle > before) {
      ordinals.push(middle);
      gaps.push([before, middle], [middle, after]);
    }
  }
  return ordinals;
};

/**
 * The order in which tasks are handed out. The queue keeps how far it got and asks about each ordinal when its turn comes, so
 * a million tasks cost as much as ten. A task that waits again after its turn must be given back; to give back more is
 * harmless.
 */
export interface TaskQueue {
  /**
   * Takes the next ordinal that waits and suits the caller, returned ones first; undefined if there is none. One that does
   * not wait is dropped; one that only does not suit counts as given back. O(1) amortised, but for those that did not suit.
   */
  next(
    isWaiting: (ordinal: number) => boolean,
    suits?: (ordinal: number) => boolean,
  ): number | undefined;
  giveBack(ordinal: number): void;
  /** Gives every ordinal its turn anew. */
  restart(): void;
}

export const taskQueue = (count: number, order: Order): TaskQueue => {
  const spread = order === 'coarse-first' ? spreadOrdinals(count) : [];
  let returned = emptyBitmap(count);
  /** No ordinal below this one is in `returned`. */
  let lowest = count;
  let spreadAt = 0;
  let ascendingAt = 0;

  /** The next ordinal that has not had its turn. */
  const firstTurn = (): number | undefined => {
    const ordinal = spread[spreadAt];
    if (ordinal !== undefined) {
      spreadAt += 1;
      return ordinal;
    }
    ascendingAt += 1;
    return ascendingAt <= count ? ascendingAt - 1 : undefined;
  };

  const next: TaskQueue['next'] = (isWaiting, suits = () => true) => {
    const first = nextSet(returned, lowest);
    lowest = first ?? count;
    for (let ordinal = first; ordinal !== undefined; ordinal = nextSet(returned, ordinal + 1)) {
      const waits = isWaiting(ordinal);
      const fits = waits && suits(ordinal);
      if (fits || !waits) {
        returned = withoutBit(returned, ordinal);
      }
      if (fits) {
        return ordinal;
      }
    }
    for (let ordinal = firstTurn(); ordinal !== undefined; ordinal = firstTurn()) {
      if (!isWaiting(ordinal)) {
        continue;
      }
      if (suits(ordinal)) {
        return ordinal;
      }
      returned = withBit(returned, ordinal);
      lowest = Math.min(lowest, ordinal);
    }
    return undefined;
  };

  return {
    next,
    giveBack: (ordinal) => {
      returned = withBit(returned, ordinal);
      lowest = Math.min(lowest, ordinal);
    },
    restart: () => {
      spreadAt = 0;
      ascendingAt = 0;
    },
  };
};
