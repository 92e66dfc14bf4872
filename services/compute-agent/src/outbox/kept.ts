import { deserialize, serialize } from 'node:v8';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import type { Checkpoint, Completed, Failed, Yielded } from '../engines/engine.ts';

/** What became of an attempt. */
export type Finished = Completed | Failed | Yielded;

/** It goes on, and there is a checkpoint. */
export interface Checkpointed extends Pick<Checkpoint, 'name' | 'position'> {
  kind: 'checkpointed';
  seconds?: undefined;
}

/** What an agent reports until it is acknowledged. */
export type KeptOutcome = Finished | Checkpointed;

/** What the mesh has not decided yet: a finished attempt, or the checkpoint of one that may still run. */
export interface Kept {
  key: string;
  workloadId: string;
  attempt: Attempt;
  /** The result, why there is none, or the checkpoint. A file of a result belongs to the outbox. */
  outcome: KeptOutcome;
  /** The blob service's proof: for the result, for the log of a failure, or for the checkpoint. */
  receipt: Receipt | undefined;
  /** The same for the further files of a result, in their order. */
  fileReceipts?: Receipt[];
}

/** The files of a result that are on this machine, with their lengths. */
const files = ({ outcome }: Kept): { file: string; sizeBytes: number }[] => {
  if (outcome.kind !== 'completed') {
    return [];
  }
  const { file, sizeBytes, files: further = [], parts = [] } = outcome;
  // Those that are stored have no path any more.
  return [
    ...(file === undefined ? [] : [{ file, sizeBytes }]),
    ...further.filter((each) => each.file !== ''),
    ...parts.flatMap((part) =>
      part.file === undefined ? [] : [{ file: part.file, sizeBytes: part.sizeBytes }],
    ),
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
  if (outcome.kind !== 'completed') {
    return 0;
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
