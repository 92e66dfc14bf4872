import { sleepBy, systemClock, type Clock, type Timer } from '#libs/clock/index.ts';

/** A clock that runs, and that a test can move forward. */
export interface RunningClock extends Clock {
  /** Moves the clock forward by `ms`. Timers that become due fire at once, in order. */
  skip(ms: number): void;
  /** How many timers are due within so long. */
  dueWithin(ms: number): number;
}

interface Waiting {
  at: number;
  fn: () => void;
  timer: Timer;
}

export const runningClock = (): RunningClock => {
  let skippedMs = 0;
  const waiting = new Set<Waiting>();
  const monotonic = (): number => systemClock.monotonic() + skippedMs;
  const arm = (one: Waiting): void => {
    one.timer = systemClock.setTimer(Math.max(0, one.at - monotonic()), () => {
      waiting.delete(one);
      one.fn();
    });
  };
  const setTimer: Clock['setTimer'] = (ms, fn) => {
    const one: Waiting = { at: monotonic() + ms, fn, timer: { cancel: () => {} } };
    waiting.add(one);
    arm(one);
    return {
      cancel: () => {
        one.timer.cancel();
        waiting.delete(one);
      },
    };
  };
  return {
    now: () => systemClock.now() + skippedMs,
    monotonic,
    setTimer,
    sleep: sleepBy(setTimer),
    dueWithin: (ms) => [...waiting].filter(({ at }) => at - monotonic() <= ms).length,
    skip: (ms) => {
      skippedMs += ms;
      for (const one of [...waiting].sort((a, b) => a.at - b.at)) {
        one.timer.cancel();
        arm(one);
      }
    },
  };
};
