import { addAbortListener } from 'node:events';
import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { ExitCode } from './live.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// One Ctrl-C reaches a child twice, from the terminal and from its parent. Only a later signal means lost patience.
const SAME_REQUEST_MS = 500;

type StopRequests = ReturnType<typeof listenToStopRequests>;

/** Listens to SIGTERM and SIGINT until disposed. */
export const listenToStopRequests = (clock: Clock) => {
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
    /** Aborts at the first request; the reason says who asked. */
    first: controller.signal,
    /** Resolves when somebody asks again. */
    second,
    /** Asks from inside. */
    request,
    [Symbol.dispose]: (): void => {
      for (const name of SIGNALS) {
        process.off(name, request);
      }
    },
  };
};

/** A reason to end a process at once. */
interface HardEnd extends Disposable {
  happened: Promise<ExitCode>;
}

/** Happens at an exception that nobody caught, because the process is then in an unknown state. */
export const crash = (log: Logger): HardEnd => {
  const { promise: happened, resolve } = Promise.withResolvers<ExitCode>();
  const onCrash = (err: unknown, origin: string): void => {
    log.fatal({ err, origin }, 'nobody caught this');
    resolve(ExitCode.FAILED);
  };
  process.on('uncaughtException', onCrash);
  return { happened, [Symbol.dispose]: () => process.off('uncaughtException', onCrash) };
};

/** Happens when somebody asks twice, or when the drain takes longer than it may. */
export const impatience = (
  requests: StopRequests,
  drainMs: number,
  clock: Clock,
  log: Logger,
): HardEnd => {
  const { promise: happened, resolve } = Promise.withResolvers<ExitCode>();
  const end = (why: string): void => {
    log.error({ why }, 'ended before everything was finished');
    resolve(ExitCode.FAILED);
  };
  let timer: Timer | undefined;
  const listener = addAbortListener(requests.first, () => {
    timer = clock.setTimer(drainMs, () => end(`${drainMs} ms have passed`));
  });
  void requests.second.then(end);
  return {
    happened,
    [Symbol.dispose]: () => {
      listener[Symbol.dispose]();
      timer?.cancel();
    },
  };
};
