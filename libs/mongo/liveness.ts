/** What is known of one peer's beat. Times are the observer's monotonic clock, in milliseconds. */
export interface Observed {
  beat: number;
  /** When this beat was first seen; reads since then had no long break. */
  firstSeen: number;
  /** When it was last seen. */
  lastSeen: number;
  /** How many successful reads saw this very beat, including the first. */
  reads: number;
}

/** A peer is dead if this many successful reads saw the same beat … */
const DEAD_READS = 3;
/** … over at least this span of the observer's own monotonic clock … */
const DEAD_MS = 3_000;
/** … without a longer break than this, because a peer cannot write while the observer cannot read. */
const MAX_BREAK_MS = 2_500;

/** What is known after one more successful read. Only the observer's own clock is used. */
export const observe = (before: Observed | undefined, beat: number, now: number): Observed =>
  before?.beat === beat && now - before.lastSeen <= MAX_BREAK_MS
    ? { ...before, lastSeen: now, reads: before.reads + 1 }
    : { beat, firstSeen: now, lastSeen: now, reads: 1 };

/** Whether a peer has stopped beating. */
export const isDead = ({ firstSeen, reads }: Observed, now: number): boolean =>
  reads >= DEAD_READS && now - firstSeen >= DEAD_MS;
