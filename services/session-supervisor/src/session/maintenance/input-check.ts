import type { Logger } from '#libs/telemetry/index.ts';
import type { Damaged } from '../../domain/decisions/inputs.ts';
import type { InputResult } from '../../domain/state/workload.ts';
import { findDamaged, type StoredFiles } from './scrub.ts';

interface InputCheckOptions {
  blob: StoredFiles;
  logger: Logger;
  signal: AbortSignal;
  /** Resolves when the repair is durable. */
  repair: (damaged: Damaged[], reason: string) => Promise<unknown>;
}

/** Checks results that a user needed and could not get. Those that are missing or damaged are made again. Never rejects. */
export const createInputCheck =
  ({ blob, logger, signal, repair }: InputCheckOptions) =>
  async (results: readonly InputResult[]): Promise<void> => {
    try {
      const damaged = await findDamaged(blob, results, signal);
      if (damaged.length > 0) {
        logger.warn(
          { damaged },
          'results that others need are missing or damaged; they are made again',
        );
        await repair(damaged, 'missing or damaged when a user needed them');
      }
    } catch (err) {
      // The user reports again, and then this is tried again.
      logger.debug({ err }, 'results that a user could not get were not checked');
    }
  };
