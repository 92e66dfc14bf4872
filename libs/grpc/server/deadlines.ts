import { createWaits } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import { deadlineExceeded } from '../endings.ts';
import type { Wrapper } from './incoming-call.ts';

/** So long before the deadline a caller is told whom the call waits for, or the answer would come too late. */
const MARGIN_MS = 250;

/**
 * Ends the call with DEADLINE_EXCEEDED when its deadline passes, or a little before with UNAVAILABLE and the name of who does not answer.
 * `unaryMs`: what a unary call gets whose caller set no deadline. Streams without one go on until somebody ends them.
 */
export const deadlines =
  (clock: Clock, unaryMs: number): Wrapper =>
  async (call, next) => {
    const isStream = call.method.requestStream || call.method.responseStream;
    const deadlineMs = call.deadlineMs ?? (isStream ? undefined : unaryMs);
    if (deadlineMs === undefined) {
      return next(call);
    }
    const waits = createWaits();
    const early = clock.setTimer(Math.max(0, deadlineMs - MARGIN_MS), () => {
      const dependency = waits.latest();
      if (dependency === undefined) return;
      call.abort(unavailable(dependency, `${dependency} did not answer in time; what was done is unknown; try again`));
    });
    const timer = clock.setTimer(deadlineMs, () => call.abort(deadlineExceeded()));
    try {
      await waits.run(() => next({ ...call, deadlineMs }));
    } finally {
      early.cancel();
      timer.cancel();
    }
  };
