import { addAbortListener } from 'node:events';

interface Waiting {
  enter: () => void;
}

interface GateOptions {
  places: number;
  /** The most that one caller takes, also alone; without it, half of them. */
  placesEach?: number;
  /** How many of one caller may wait; without it, any number, because something else bounds them. */
  maxWaiting?: number;
  /** What one more of them is told. */
  tooManyWaiting?: (waiting: number) => Error;
}

/** A limited number of places, shared by callers of whom none can keep the others out. */
export type Gate = ReturnType<typeof createGate>;

/**
 * A caller takes no more places than it leaves free: alone half of them, beside many others fewer. A place that becomes free goes
 * to the caller with the fewest places; among equals to the one who has waited longest without one.
 */
export const createGate = ({
  places,
  placesEach = places,
  maxWaiting = Infinity,
  tooManyWaiting = (waiting) => new Error(`${waiting} wait already`),
}: GateOptions) => {
  const inside = new Map<string, number>();
  /** Who waits, by caller. Who got a place moves to the end. */
  const queues = new Map<string, Waiting[]>();
  let free = places;
  const heldBy = (caller: string): number => inside.get(caller) ?? 0;

  const next = (): string | undefined => {
    let first: string | undefined;
    for (const caller of queues.keys()) {
      const held = heldBy(caller);
      if (held < free && held < placesEach && (first === undefined || held < heldBy(first))) {
        first = caller;
      }
    }
    return first;
  };
  const remove = (caller: string, waiting: Waiting): void => {
    const left = queues.get(caller)?.filter((other) => other !== waiting) ?? [];
    if (left.length === 0) {
      queues.delete(caller);
    } else {
      queues.set(caller, left);
    }
  };
  const letIn = (): void => {
    for (let caller = next(); caller !== undefined; caller = next()) {
      const [waiting, ...others] = queues.get(caller) ?? [];
      queues.delete(caller);
      if (others.length > 0) {
        queues.set(caller, others);
      }
      free -= 1;
      inside.set(caller, heldBy(caller) + 1);
      waiting?.enter();
    }
  };
  const leave = (caller: string): void => {
    free += 1;
    const held = heldBy(caller) - 1;
    if (held === 0) {
      inside.delete(caller);
    } else {
      inside.set(caller, held);
    }
    letIn();
  };

  return {
    /**
     * Resolves with a place; dispose it to leave. Rejects with the signal's reason if it aborts before, and at once if too many of
     * this caller wait already.
     */
    async enter(caller: string, signal: AbortSignal): Promise<Disposable> {
      signal.throwIfAborted();
      const queue = queues.get(caller) ?? [];
      if (queue.length >= maxWaiting) {
        throw tooManyWaiting(maxWaiting);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiting = { enter: resolve };
      queues.set(caller, [...queue, waiting]);
      using _listener = addAbortListener(signal, () => {
        remove(caller, waiting);
        reject(signal.reason);
      });
      letIn();
      await promise;
      let isInside = true;
      return {
        [Symbol.dispose]: () => {
          if (isInside) {
            isInside = false;
            leave(caller);
          }
        },
      };
    },
  };
};
