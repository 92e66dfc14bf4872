import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Keeper } from './keeper.ts';
import type { Layout } from './layout.ts';
import type { UpOptions } from './options.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';
import type { Tell } from './tell.ts';

/** What every step of starting a mesh needs. */
export interface Surroundings {
  options: UpOptions;
  layout: Layout;
  ports: Ports;
  secrets: Secrets;
  keeper: Keeper;
  clock: Clock;
  random: Random;
  /** Aborts when the start is given up. */
  signal: AbortSignal;
  /** The environment of every child. */
  env: Readonly<Record<string, string | undefined>>;
  tell: Tell;
}

/** All of them, also when one fails: nothing may go on behind our back once the first failure was told. */
export const together = async (steps: readonly Promise<void>[]): Promise<void> => {
  const outcomes = await Promise.allSettled(steps);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
