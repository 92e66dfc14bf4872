export { sleepBy } from './system-clock.ts';
export { systemClock } from './system-clock.ts';
export type { Clock, Timer } from './clock.ts';
