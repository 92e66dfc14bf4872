import type { Clock } from '#libs/clock/index.ts';
import { deadlineExceeded } from '../endings.ts';
import type { Wrapper } from './incoming-call.ts';

/** What a unary call gets whose caller set no deadline. Streams without one go on until somebody ends them. */
const UNARY_DEADLINE_MS = 30_000;

/** Ends the call with DEADLINE_EXCEEDED when its deadline passes. */
export const deadlines =
  (clock: Clock): Wrapper =>
  async (call, next) => {
    const isStream = call.method.requestStream || call.method.responseStream;
    const deadlineMs = call.deadlineMs ?? (isStream ? undefined : UNARY_DEADLINE_MS);
    if (deadlineMs === undefined) {
      return next(call);
    }
    const timer = clock.setTimer(deadlineMs, () => call.abort(deadlineExceeded()));
    try {
      await next({ ...call, deadlineMs });
    } finally {
      timer.cancel();
    }
  };
