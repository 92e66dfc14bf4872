import type { Clock } from '#libs/clock/index.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// One Ctrl-C reaches a child twice: from the terminal, and from the parent that passes it on. Only a signal after this
// span means that somebody lost patience.
const SAME_REQUEST_MS = 500;

/** Whoever asks the process to stop. */
export interface StopRequests extends Disposable {
  /** Aborts at the first request; the reason says who asked. */
  first: AbortSignal;
  /** Resolves when somebody asks again. */
  second: Promise<string>;
  /** Asks from inside. */
  request(why: string): void;
}

/** Listens to SIGTERM and SIGINT until disposed. */
export const listenToStopRequests = (clock: Clock): StopRequests => {
  const controller = new AbortController();
  const { promise: second, resolve } = Promise.withResolvers<string>();
  let firstAt = 0;
  const request = (why: string): void => {
    if (!controller.signal.aborted) {
      firstAt = clock.monotonic();
      controller.abort(why);
    } else if (clock.monotonic() - firstAt > SAME_REQUEST_MS) {
      resolve(why);
    }
  };
  for (const name of SIGNALS) {
    process.on(name, request);
  }
  return {
    first: controller.signal,
    second,
    request,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) {
        process.off(name, request);
      }
    },
  };
};
