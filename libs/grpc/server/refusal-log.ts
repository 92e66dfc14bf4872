import type { Clock } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

const WINDOW_MS = 10_000;
/** Most refusals of one caller that are logged in a window, each in a line. */
const MAX_LINES = 20;
/** Most callers that are told apart in a window; the others share one count. */
const MAX_CALLERS = 1_000;

interface Count {
  refused: number;
  lastReason: string;
}

/** The line of one refusal. */
interface Refusal {
  /** Who called, as `role subject`; empty: nobody knows. */
  who: string;
  reason: string;
  write: () => void;
}

/**
 * Logs refused calls without letting callers fill the log: of each caller the first few in ten seconds with a line each, and
 * how many more there were with one line at the end of that time.
 */
export const refusalLog = (clock: Clock, log: Logger): ((refusal: Refusal) => void) => {
  const counts = new Map<string, Count>();
  const sum = (): void => {
    for (const [caller, { refused, lastReason }] of counts) {
      if (refused > MAX_LINES) {
        const unlogged = refused - MAX_LINES;
        log.warn({ caller, unlogged, lastReason, withinMs: WINDOW_MS }, 'refused more calls');
      }
    }
    counts.clear();
  };
  return ({ who, reason, write }) => {
    if (counts.size === 0) {
      clock.setTimer(WINDOW_MS, sum);
    }
    const caller = counts.has(who) || counts.size < MAX_CALLERS ? who || 'unknown' : 'others';
    const refused = (counts.get(caller)?.refused ?? 0) + 1;
    counts.set(caller, { refused, lastReason: reason });
    if (refused <= MAX_LINES) {
      write();
    }
  };
};
