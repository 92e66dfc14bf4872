import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Layout } from './layout.ts';
import type { UpOptions } from './options.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';
import type { Supervisor } from './supervise.ts';
import type { Tell } from './tell.ts';

/** What every step of starting a mesh needs. */
export interface Surroundings {
  options: UpOptions;
  layout: Layout;
  ports: Ports;
  secrets: Secrets;
  supervisor: Supervisor;
  clock: Clock;
  random: Random;
  /** Aborts when the start is given up. */
  signal: AbortSignal;
  /** The environment of every child. */
  env: Readonly<Record<string, string | undefined>>;
  tell: Tell;
}
