/** What is known of one peer's beat. Times are the observer's monotonic clock, in milliseconds. */
export interface Observed {
  beat: number;
  /** When this beat was seen first, without a long break since. */
  firstSeen: number;
  /** When it was seen last. */
  lastSeen: number;
  /** Successful reads that saw this very beat, the first included. */
  reads: number;
}

/** A peer is dead when the same beat was seen in so many successful reads … */
const DEAD_READS = 3;
/** … spread over so long by the observer's own monotonic clock … */
const DEAD_MS = 3_000;
/** … without a break of more than so long: while the observer could not read, the peer could not write either. */
const LONGEST_BREAK_MS = 2_500;

/** What is known after one more successful read. No clock but the observer's own counts. */
export const observe = (before: Observed | undefined, beat: number, now: number): Observed =>
  before?.beat === beat && now - before.lastSeen <= LONGEST_BREAK_MS
    ? { ...before, lastSeen: now, reads: before.reads + 1 }
    : { beat, firstSeen: now, lastSeen: now, reads: 1 };

/** Whether a peer has stopped beating. */
export const isDead = ({ firstSeen, reads }: Observed, now: number): boolean =>
  reads >= DEAD_READS && now - firstSeen >= DEAD_MS;
