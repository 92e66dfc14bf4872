import type { Clock } from '#libs/clock/index.ts';
import { serverDraining } from '../endings.ts';
import type { IncomingCall } from './incoming-call.ts';

// A watch does not end by itself, and a process that has to stop must not wait for it as long as for an upload.
const STREAM_GRACE_MS = 2_000;

// How long a call may take to end after it was told to.
const GOODBYE_MS = 500;

export interface OpenCalls {
  /** Counts a call; returns the function to call at its end. */
  opened: (call: IncomingCall) => () => void;
  /** Aborts when the drain begins. */
  draining: AbortSignal;
  /** Waits until no call is open. Ends streamed answers after `graceMs`, two seconds at most, and all others after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Keeps track of the calls of one server. */
export const createOpenCalls = (clock: Clock): OpenCalls => {
  const calls = new Set<IncomingCall>();
  const controller = new AbortController();
  let empty: PromiseWithResolvers<void> | undefined;
  const end = (isDue: (call: IncomingCall) => boolean): void => {
    for (const call of [...calls].filter(isDue)) {
      call.abort(serverDraining());
    }
  };
  return {
    draining: controller.signal,
    opened: (call) => {
      calls.add(call);
      return () => {
        calls.delete(call);
        if (calls.size === 0) {
          empty?.resolve();
        }
      };
    },
    drain: async (graceMs) => {
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
