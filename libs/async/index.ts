/** Waiting, repeating and ending: loops, pauses and signals. Time and chance come in as arguments. */
export { abortable, aborted } from './abortable.ts';
export { type Backoff, backoffMs } from './backoff.ts';
export { type Bell, createBell } from './bell.ts';
export { every, type Repetition } from './every.ts';
export { createFairLimit, type FairLimit } from './fair-limit.ts';
export { createGate, type Gate } from './gate.ts';
export { createLimit, inParallel } from './in-parallel.ts';
export { inSlices } from './in-slices.ts';
export { inTurns } from './in-turns.ts';
export { poll } from './poll.ts';
export { retry, type RetryOptions } from './retry.ts';
export { watchLatest } from './watch-latest.ts';
export { createWaits, waitingFor } from './waiting-for.ts';
export { within } from './within.ts';
