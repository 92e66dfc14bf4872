import type { Clock } from '#libs/clock/index.ts';

/** The result of `work`, or after `ms` what `late` answers or throws; default: undefined. The work goes on. */
export const within = async <T, L = undefined>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late?: () => L,
): Promise<T | L> => {
  const { promise: isLate, resolve } = Promise.withResolvers<typeof LATE>();
  const timer = clock.setTimer(ms, () => resolve(LATE));
  try {
    const first = await Promise.race([work, isLate]);
    return first === LATE ? (late?.() as L) : first;
  } finally {
    timer.cancel();
  }
};

const LATE = Symbol('late');
