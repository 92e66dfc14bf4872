import { hash } from 'node:crypto';
import type { UploadHeader } from '#libs/contracts/blob.ts';
import { type DomainError, fromServiceError } from '#libs/errors/index.ts';
import type { Completed } from '../engines/engine.ts';
import type { Kept } from '../outbox/kept.ts';
import { type Blobs, uploadOnce } from './blobs.ts';

/** What people like to have of a result, and what nothing depends on. It is never on disk. */
export type Keepsakes = Pick<Completed, 'preview' | 'log'>;

interface KeepsakeOptions {
  blobs: Blobs;
  signal: AbortSignal;
  onLost: (what: string, error: DomainError) => void;
}

/** A report waits for them no longer. */
const PATIENCE_MS = 5_000;

/**
 * Stores what there is of an attempt's preview and log, with one try each. Never rejects: without them the result counts as
 * well.
 */
export const storeKeepsakes = async (
  { workloadId, attempt }: Pick<Kept, 'workloadId' | 'attempt'>,
  { preview, log = '' }: Keepsakes,
  { blobs, signal, onLost }: KeepsakeOptions,
): Promise<void> => {
  const value = { workloadId, attempt, extension: '', part: 0 };
  const store = async (
    what: string,
    target: NonNullable<UploadHeader['target']>,
    bytes: Uint8Array | undefined,
  ): Promise<void> => {
    if (bytes === undefined || bytes.length === 0) {
      return;
    }
    const header = { target, sha256: hash('sha256', bytes), sizeBytes: bytes.length };
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    await uploadOnce(blobs, header, bytes, inTime).catch((thrown: unknown) => {
      if (!signal.aborted) {
        onLost(what, fromServiceError(thrown));
      }
    });
  };
  await Promise.all([
    store('preview', { $case: 'attemptPreview', value }, preview),
    store('log', { $case: 'attemptLog', value }, Buffer.from(log)),
  ]);
};
