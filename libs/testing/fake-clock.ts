import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, sleepBy } from '#libs/clock/index.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward by `ms`. Timers fire in order, each at its own time, and get a few turns of the event loop before
   * the next one. 0 fires the timers that are due now.
   */
  advance(ms: number): Promise<void>;
  /** Moves only the wall clock, as a person who sets it does; spans and timers do not change. */
  jump(ms: number): void;
  /** How many timers wait. */
  pending(): number;
}

/** Enough for chains of promises. The test itself has to await work on the disk or the network. */
const TURNS = 5;

interface Waiting {
  at: number;
  fn: () => void;
}

const takeTurns = async (): Promise<void> => {
  for (let turns = 0; turns < TURNS; turns += 1) {
    await turn();
  }
};

/** @param startMs the first time of the wall clock; default: the beginning of 2026 */
export const fakeClock = (startMs = Date.UTC(2026, 0, 1)): FakeClock => {
  let elapsed = 0;
  let offset = startMs;
  const timers = new Set<Waiting>();

  const setTimer: Clock['setTimer'] = (ms, fn) => {
    const timer = { at: elapsed + Math.max(0, ms), fn };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };
  const nextDue = (until: number): Waiting | undefined => {
    let first: Waiting | undefined;
    for (const timer of timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) {
        first = timer;
      }
    }
    return first;
  };

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    setTimer,
    sleep: sleepBy(setTimer),
    advance: async (ms) => {
      const until = elapsed + ms;
      await takeTurns();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due);
        elapsed = due.at;
        due.fn();
        await takeTurns();
      }
      elapsed = until;
    },
    jump: (ms) => {
      offset += ms;
    },
    pending: () => timers.size,
  };
};
