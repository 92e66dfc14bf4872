import type { Clock } from '#libs/clock/index.ts';
import { serverDraining } from '../endings.ts';
import type { IncomingCall } from './incoming-call.ts';

// A watch does not end by itself, and a process that has to stop must not wait for it as long as for an upload.
const STREAM_GRACE_MS = 2_000;

// How long a call may take to end after it was told to.
const GOODBYE_MS = 500;

export const createOpenCalls = (clock: Clock) => {
  const calls = new Set<IncomingCall>();
  const controller = new AbortController();
  let empty: PromiseWithResolvers<void> | undefined;
  const end = (isDue: (call: IncomingCall) => boolean): void => {
    for (const call of [...calls].filter(isDue)) {
      call.abort(serverDraining());
    }
  };
  return {
    /** Aborts when the drain begins. */
    draining: controller.signal,
    /** Counts a call; returns the function to call at its end. */
    opened: (call: IncomingCall): (() => void) => {
      calls.add(call);
      return () => {
        calls.delete(call);
        if (calls.size === 0) {
          empty?.resolve();
        }
      };
    },
    /** Waits until no call is open. Ends streamed answers after `graceMs`, two seconds at most, and all others after `graceMs`. */
    drain: async (graceMs: number): Promise<void> => {
      controller.abort(serverDraining());
      if (calls.size === 0) {
        return;
      }
      empty ??= Promise.withResolvers();
      const timers = [
        clock.setTimer(Math.min(graceMs, STREAM_GRACE_MS), () =>
          end(({ method }) => method.responseStream),
        ),
        clock.setTimer(graceMs, () => end(() => true)),
        clock.setTimer(graceMs + GOODBYE_MS, () => empty?.resolve()),
      ];
      await empty.promise;
      for (const timer of timers) {
        timer.cancel();
      }
    },
  };
};
