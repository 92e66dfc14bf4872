import type { Clock, Timer } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import { checkpointBlobs, type WorkloadState } from '../../domain/state/workload.ts';

interface PartsKeeperOptions {
  workload: string;
  state: () => WorkloadState;
  blob: Pick<BlobAccess, 'keepParts'>;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

/** Has blob remove the files of checkpoints that were replaced, while the workload goes on. */
interface PartsKeeper {
  /** A checkpoint was replaced. */
  wake(): void;
  stop(): void;
}

/** Files may go an hour after they were stored at the earliest, so nobody gains by a quicker turn. */
const PAUSE_MS = 10 * 60_000;

export const createPartsKeeper = (options: PartsKeeperOptions): PartsKeeper => {
  const { workload, state, blob, clock, logger, signal } = options;
  let timer: Timer | undefined;
  const keep = async (): Promise<void> => {
    timer = undefined;
    await blob.keepParts(workload, checkpointBlobs(state()), signal);
  };
  return {
    wake: () => {
      timer ??= clock.setTimer(PAUSE_MS, () => {
        keep().catch((err: unknown) =>
          logger.debug({ err, workload }, 'replaced checkpoints stay until the next is replaced'),
        );
      });
    },
    stop: () => timer?.cancel(),
  };
};
