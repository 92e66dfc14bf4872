import { createWaits } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import { deadlineExceeded } from '../endings.ts';
import type { Wrapper } from './incoming-call.ts';

/** How long before the deadline the caller is told which dependency is late; at the deadline it would not hear it. */
const MARGIN_MS = 250;

/** Ends a call at its deadline (`unaryMs` for a unary caller without one), or a little before, naming the dependency that is late. */
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
      if (dependency === undefined) {
        return;
      }
      call.abort(
        unavailable(
          dependency,
          `${dependency} did not answer in time; what was done is unknown; try again`,
        ),
      );
    });
    const timer = clock.setTimer(deadlineMs, () => call.abort(deadlineExceeded()));
    try {
      await waits.run(() => next({ ...call, deadlineMs }));
    } finally {
      early.cancel();
      timer.cancel();
    }
  };
