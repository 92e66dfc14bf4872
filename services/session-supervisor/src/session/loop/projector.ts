import { retry } from '#libs/async/index.ts';
import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { projectionOf, type Projection } from '../../store/workload-document.ts';

export interface ProjectorOptions {
  write: (projection: Projection, frees: boolean) => Promise<void>;
  /** The tasks that users hold now, as a frame expression. */
  held: () => string;
  clock: Clock;
  logger: Logger;
}

/** Writes the projection of a workload, which lists show. It writes soon after a change, but at most once a second. */
export interface Projector {
  changed(state: WorkloadState): void;
  /**
   * Writes the end and frees the slot in one update, and retries until that succeeds. Resolves then, or when the signal
   * aborts.
   */
  end(state: WorkloadState, signal: AbortSignal): Promise<void>;
  close(): void;
}

const EVERY_MS = 1_000;
const AGAIN = { firstMs: 200, longestMs: 200 };

export const createProjector = ({ write, held, clock, logger }: ProjectorOptions): Projector => {
  let latest: WorkloadState | undefined;
  let timer: Timer | undefined;
  const flush = (): void => {
    timer = undefined;
    if (latest === undefined) {
      return;
    }
    write(projectionOf(latest, held()), false).catch((thrown: unknown) =>
      logger.debug({ err: thrown }, 'a projection was not written; the next one will be'),
    );
  };
  const close = (): void => {
    timer?.cancel();
    latest = undefined;
  };
  return {
    changed: (state) => {
      latest = state;
      timer ??= clock.setTimer(EVERY_MS, flush);
    },
    end: async (state, signal) => {
      close();
      const onRetry = (thrown: unknown): void =>
        logger.warn({ err: thrown }, 'the end of a workload was not projected; it is tried again');
      const written = retry(() => write(projectionOf(state, ''), true), {
        clock,
        signal,
        pause: AGAIN,
        onRetry,
      });
      // `retry` rejects only if the signal aborts.
      await written.catch(() => undefined);
    },
    close,
  };
};
