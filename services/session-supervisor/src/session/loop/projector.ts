import { retry } from '#libs/async/index.ts';
import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { projectionOf, type Projection } from '../../store/workload-document.ts';

interface ProjectorOptions {
  write: (projection: Projection, frees: boolean) => Promise<void>;
  /** The set of tasks that users hold now, as text. */
  held: () => string;
  clock: Clock;
  logger: Logger;
}

/** Writes the projection of a workload, which lists show. It writes soon after a change, but at most once a second. */
interface Projector {
  changed(state: WorkloadState): void;
  /** Writes the state at once. Resolves when that succeeded or failed; after a failure it is written with the next change. */
  now(state: WorkloadState): Promise<void>;
  /** Writes the end and frees the slot in one update. Resolves when that succeeds, or the signal aborts. */
  end(state: WorkloadState, signal: AbortSignal): Promise<void>;
  close(): void;
}

const EVERY_MS = 1_000;
const AGAIN = { firstMs: 200, longestMs: 200 };

export const createProjector = ({ write, held, clock, logger }: ProjectorOptions): Projector => {
  let latest: WorkloadState;
  let timer: Timer | undefined;
  const now = (state: WorkloadState): Promise<void> => {
    timer?.cancel();
    timer = undefined;
    return write(projectionOf(state, held()), false).catch((err: unknown) =>
      logger.debug({ err }, 'a projection was not written; the next one will be'),
    );
  };
  const close = (): void => timer?.cancel();
  return {
    changed: (state) => {
      latest = state;
      timer ??= clock.setTimer(EVERY_MS, () => void now(latest));
    },
    now,
    end: async (state, signal) => {
      close();
      const onRetry = (err: unknown): void =>
        logger.warn({ err }, 'the end of a workload was not projected; it is tried again');
      const options = { clock, signal, pause: AGAIN, onRetry };
      // `retry` rejects only if the signal aborts.
      await retry(() => write(projectionOf(state, ''), true), options).catch(() => undefined);
    },
    close,
  };
};
