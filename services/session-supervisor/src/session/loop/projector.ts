import { retry } from '#libs/async/index.ts';
import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { projectionOf, type Projection } from '../../store/workload-document.ts';

export interface ProjectorOptions {
  write: (projection: Projection, frees: boolean) => Promise<void>;
  /** What users hold now, as a frame expression. */
  held: () => string;
  clock: Clock;
  logger: Logger;
}

/** Writes the projection of a workload for lists: soon after a change, at most once a second. */
export interface Projector {
  changed(state: WorkloadState): void;
  /** Writes the end and frees the slot, in one update, as often as it takes. Resolves when it is done, or the signal ends it. */
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
    if (latest === undefined) return;
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
      const written = retry(() => write(projectionOf(state, ''), true), { clock, signal, pause: AGAIN, onRetry });
      // It ends with the signal alone.
      await written.catch(() => undefined);
    },
    close,
  };
};
