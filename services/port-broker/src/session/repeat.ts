import type { Clock } from '#libs/clock/index.ts';

/** Does something again and again, `ms` after it was done last; that it fails is no end. Returns how to stop it. */
export const repeat = (clock: Clock, ms: number, run: () => Promise<unknown>): (() => void) => {
  let isOver = false;
  let timer = clock.setTimer(ms, () => void again());
  const again = async (): Promise<void> => {
    await run().catch(() => undefined);
    if (!isOver) timer = clock.setTimer(ms, () => void again());
  };
  return () => {
    isOver = true;
    timer.cancel();
  };
};
