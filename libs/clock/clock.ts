/** A timer that has not fired yet. */
export interface Timer {
  /** Keeps the function from being called. Does nothing if it was called already. */
  cancel(): void;
}

/** Time as an argument: code that waits or measures takes a clock, and a test decides when time passes. */
export interface Clock {
  /** Milliseconds since 1970, for people and records. May jump; never subtract two of them to measure. */
  now(): number;
  /** Milliseconds since some moment in the past, never going back. For spans on this machine only. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds (0 or less: in the next turn). */
  setTimer(ms: number, fn: () => void): Timer;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
