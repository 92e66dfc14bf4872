import { backoffMs } from '#libs/async/index.ts';

/** A message that nobody took is given up after this long. */
export const GIVE_UP_MS = 3 * 86_400_000;

const PAUSE = { firstMs: 2_000, longestMs: 3_600_000 };

/** The pause after the n-th try (from 1) of a message; chance takes up to half of it away. */
export const pauseAfter = (tries: number, float: number): number => backoffMs(PAUSE, tries, float);
