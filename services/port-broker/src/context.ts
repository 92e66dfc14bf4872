import { systemClock, type Clock } from '#libs/clock/index.ts';

/** What the service is built from. Pools, leases and the processes behind them will join it. */
export interface Context {
  clock: Clock;
}

/** Builds it; tests give parts of their own. */
export const createContext = (overrides: Partial<Context> = {}): Context => ({ clock: systemClock, ...overrides });
