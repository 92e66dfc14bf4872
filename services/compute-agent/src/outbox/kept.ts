import { deserialize, serialize } from 'node:v8';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import type { Completed, Failed } from '../engines/engine.ts';

/** A finished attempt that the mesh has not decided yet. */
export interface Kept {
  key: string;
  workloadId: string;
  attempt: Attempt;
  /** The result, or why there is none. A file of a result belongs to the outbox. */
  outcome: Completed | Failed;
  /** The blob service's proof: for the result, or for the log of a failure. */
  receipt: Receipt | undefined;
}

/** The file of a result; undefined if there is none. */
export const fileOf = ({ outcome }: Kept): string | undefined =>
  outcome.kind === 'completed' ? outcome.file : undefined;

/** The approximate size on disk. A result that the blob service has stored takes nothing. */
export const bytesOf = ({ outcome }: Kept): number => {
  if (outcome.kind === 'failed') {
    return outcome.log.length;
  }
  return outcome.file === undefined && outcome.bytes === undefined ? 0 : outcome.sizeBytes;
};

/** The form on disk. */
export const encode = (kept: Kept): Uint8Array => serialize(kept);

/** The inverse of `encode`; undefined if the bytes are no record. */
export const decode = (bytes: Uint8Array): Kept | undefined => {
  try {
    const kept = deserialize(bytes) as Kept | undefined;
    return typeof kept?.key === 'string' && typeof kept.attempt.task === 'string'
      ? kept
      : undefined;
  } catch {
    return undefined;
  }
};
