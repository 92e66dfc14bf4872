import { setImmediate } from 'node:timers/promises';
import type { Clock } from '#libs/clock/index.ts';

/** So long one piece of work may keep others waiting. */
const TURN_MS = 5;

/**
 * For long work that waits for others anyway: await its answer at each small step. It lets others go first whenever a turn is over.
 * Work that never waits is done `inSlices`.
 */
export const inTurns = (clock: Pick<Clock, 'monotonic'>): (() => Promise<void> | undefined) => {
  let sinceMs = clock.monotonic();
  const letOthersGo = async (): Promise<void> => {
    await setImmediate();
    sinceMs = clock.monotonic();
  };
  return () => (clock.monotonic() - sinceMs < TURN_MS ? undefined : letOthersGo());
};
