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
  /** The same for the further files of a result, in their order. */
  fileReceipts?: Receipt[];
}

/** The files of a result that are on this machine, with their lengths. */
const files = ({ outcome }: Kept): { file: string; sizeBytes: number }[] => {
  if (outcome.kind !== 'completed') {
    return [];
  }
  const { file, sizeBytes, files: further = [] } = outcome;
  // Those that are stored have no path any more.
  return [
    ...(file === undefined ? [] : [{ file, sizeBytes }]),
    ...further.filter((each) => each.file !== ''),
  ];
};

/** The paths of the files of a result that are on this machine. */
export const filesOf = (kept: Kept): string[] => files(kept).map(({ file }) => file);

/** The approximate size on disk. A result that the blob service has stored takes nothing. */
export const bytesOf = (kept: Kept): number => {
  const { outcome } = kept;
  if (outcome.kind === 'failed') {
    return outcome.log.length;
  }
  return outcome.bytes === undefined
    ? files(kept).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    : outcome.sizeBytes;
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
