/** Waiting, repeating and ending: loops, pauses and signals. Time and chance come in as arguments. */
export { abortable, aborted } from './abortable.ts';
export { type Backoff, backoffMs } from './backoff.ts';
export { type Bell, createBell } from './bell.ts';
export { every, type EveryOptions, type Repetition } from './every.ts';
export { createLimit, inParallel } from './in-parallel.ts';
export { poll, type PollOptions } from './poll.ts';
export { retry, type RetryOptions } from './retry.ts';
export { watchLatest, type WatchOptions } from './watch-latest.ts';
export { createWaits, waitingFor, type Waits } from './waiting-for.ts';
export { within } from './within.ts';
