import type { Clock } from '#libs/clock/index.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { type DomainError, fromServiceError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Checkpoint } from '../engines/engine.ts';
import { type Blobs, patiently } from './blobs.ts';
import type { Assignment } from './board.ts';
import { storePartsOnce } from './parts.ts';
import { canHelp } from './uploading.ts';

type Attempted = Pick<Assignment, 'key' | 'workloadId' | 'attempt'>;

/** A checkpoint that is stored: the n-th of its attempt, from 1. */
export interface Stored extends Pick<Checkpoint, 'name' | 'position'> {
  number: number;
  /** The one before that was stored; 0: none. */
  replaces: number;
  /** For its manifest; undefined if it has no files. */
  receipt: Receipt | undefined;
}

export interface CheckpointOptions {
  blobs: Blobs;
  /** Makes it durable that there is a checkpoint, and lets the mesh know. */
  onStored: (of: Attempted, stored: Stored) => Promise<void>;
  /** A checkpoint is given up; the next one may be stored. */
  onLost: (of: Attempted, error: DomainError) => void;
  onRetry: (of: Attempted, error: DomainError, pauseMs: number) => void;
  clock: Clock;
  random: Random;
}

/** Stores the checkpoints of an attempt until `over` aborts. */
export type KeepCheckpoints = (
  of: Attempted,
  over: AbortSignal,
) => (checkpoint: Checkpoint) => Promise<void>;

/**
 * Stores checkpoints of an attempt one at a time. While one is on its way, only the newest of the others waits. It takes the place of
 * one that could not be stored so far.
 */
export const keepCheckpoints =
  ({ blobs, onStored, onLost, onRetry, clock, random }: CheckpointOptions): KeepCheckpoints =>
  (of, over) => {
    let number = 0;
    let replaces = 0;
    let waiting: (PromiseWithResolvers<void> & { checkpoint: Checkpoint }) | undefined;
    let isBusy = false;
    /** Ends the pause before the next try to store the present one; undefined while it is tried. */
    let giveUp: AbortController | undefined;

    const receiptOf = (parts: Checkpoint['parts']): Promise<Receipt> => {
      const pausing = new AbortController();
      const attempt = (): Promise<Receipt> => {
        giveUp = undefined;
        const what = { ...of, checkpoint: number, parts };
        return storePartsOnce(blobs, what, over);
      };
      return patiently(attempt, {
        clock,
        random,
        signal: AbortSignal.any([over, pausing.signal]),
        forMs: Infinity,
        helps: (error, failures) => waiting === undefined && canHelp(error, failures),
        onRetry: (error, pauseMs) => {
          giveUp = pausing;
          onRetry(of, error, pauseMs);
        },
      });
    };

    const store = async ({ name, position, parts }: Checkpoint): Promise<void> => {
      number += 1;
      try {
        const receipt = parts.length === 0 ? undefined : await receiptOf(parts);
        await onStored(of, { number, replaces, name, position, receipt });
        replaces = number;
      } catch (thrown) {
        if (!over.aborted) {
          onLost(of, fromServiceError(thrown));
        }
      } finally {
        giveUp = undefined;
      }
    };

    const storeWaiting = async (): Promise<void> => {
      isBusy = true;
      for (let next = waiting; next !== undefined; next = waiting) {
        waiting = undefined;
        if (!over.aborted) {
          await store(next.checkpoint);
        }
        next.resolve();
      }
      isBusy = false;
    };

    return (checkpoint) => {
      waiting?.resolve();
      const next = { checkpoint, ...Promise.withResolvers<void>() };
      waiting = next;
      giveUp?.abort(new Error('a newer checkpoint is there'));
      if (!isBusy) {
        void storeWaiting();
      }
      return next.promise;
    };
  };
