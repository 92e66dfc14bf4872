import { addAbortListener } from 'node:events';
import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { ExitCode } from './exit-code.ts';
import type { StopRequests } from './stop-requests.ts';

/** A reason to end a process at once. */
interface HardEnd extends Disposable {
  /** Resolves when it happens. */
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
