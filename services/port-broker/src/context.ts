import { createVerifier, type Verifier } from '#libs/auth/index.ts';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import type { Config } from './config.ts';

/** What the service is built from. Pools, leases and the processes behind them will join it. */
export interface Context {
  clock: Clock;
  verify: Verifier;
}

/** Builds it; tests give parts of their own. */
export const createContext = (config: Config, overrides: Partial<Context> = {}): Context => {
  const clock = overrides.clock ?? systemClock;
  return { clock, verify: createVerifier({ ...config.tokens, clock }), ...overrides };
};
