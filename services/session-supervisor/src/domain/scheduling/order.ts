import { emptyBitmap, nextSet, withBit, withoutBit } from '../sets/bitmap.ts';
import type { Order } from '../../kinds/kind.ts';

/** How many tasks of a coarse-first workload are spread over its range before the rest ascends. */
const SPREAD = 64;

/**
 * The ordinals that a coarse-first workload of `count` tasks begins with: first, last, middle, the middles of the
 * halves, and so on, 64 of them at most. They show early what the whole will look like.
 */
export const spreadOrdinals = (count: number): number[] => {
  const ordinals = count > 1 ? [0, count - 1] : [0].slice(0, count);
  const gaps: [before: number, after: number][] = [[0, count - 1]];
  // Grows while it is walked: breadth first.
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
 * What waits to be handed out, in order. It remembers how far it got, not what waits: it asks for each ordinal when its
 * turn comes, so that a queue of a million tasks costs what one of ten does.
 *
 * Each ordinal has its turn once. Whoever makes one wait that has had its turn (it was handed out, or held back when it
 * was asked about) gives it back; to give back too much is harmless.
 */
export interface TaskQueue {
  /**
   * The next ordinal that waits and suits who asks, and is its own from now on; undefined where there is none. What was
   * given back comes first, lowest first. What `isWaiting` denies is dropped; what waits but does not suit stays for
   * others, ahead of everything. O(1) amortised, but for those that do not suit, which each call asks about again.
   */
  next(isWaiting: (ordinal: number) => boolean, suits?: (ordinal: number) => boolean): number | undefined;
  /** Gives an ordinal its turn again. */
  giveBack(ordinal: number): void;
}

/** The queue of a workload of `count` tasks, of which none has had its turn. */
export const taskQueue = (count: number, order: Order): TaskQueue => {
  const spread = order === 'coarse-first' ? spreadOrdinals(count) : [];
  let returned = emptyBitmap(count);
  /** Nothing lower was given back. */
  let lowest = count;
  let spreadAt = 0;
  let ascendingAt = 0;

  /** The one whose turn it is for the first time. */
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
  };
};
