import { deserialize, serialize } from 'node:v8';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import type { Completed, Failed } from '../engines/engine.ts';

/** A finished attempt of which the mesh has not yet said what became of it. */
export interface Kept {
  key: string;
  workloadId: string;
  attempt: Attempt;
  /** The result, which may be a file that is ours, or why there is none. */
  outcome: Completed | Failed;
  /** The blob service's proof: for the result, or for the log of a failure. */
  receipt: Receipt | undefined;
}

/** The file of a result; undefined where there is none. */
export const fileOf = ({ outcome }: Kept): string | undefined =>
  outcome.kind === 'completed' ? outcome.file : undefined;

/** About how much it takes on disk: a result that is stored elsewhere nothing. */
export const bytesOf = ({ outcome }: Kept): number => {
  if (outcome.kind === 'failed') return outcome.log.length;
  return outcome.file === undefined && outcome.bytes === undefined ? 0 : outcome.sizeBytes;
};

/** The form on disk. */
export const encode = (kept: Kept): Uint8Array => serialize(kept);

/** The inverse; undefined for what is none. */
export const decode = (bytes: Uint8Array): Kept | undefined => {
  try {
    const kept = deserialize(bytes) as Kept | undefined;
    return typeof kept?.key === 'string' && typeof kept.attempt.task === 'string' ? kept : undefined;
  } catch {
    return undefined;
  }
};
